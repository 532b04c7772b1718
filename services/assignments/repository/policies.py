"""Statements about the versions of the control policy."""

from collections.abc import Sequence
from datetime import date

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.policies import Policy
from services.assignments.models import ControlPolicy
from shared.errors import NotFound


class PolicyNotFound(NotFound):
    """No policy has this version, or none was in force on the day."""

    code = "policy_not_found"
    title = "Политика не найдена"


async def policy_at(session: AsyncSession, day: date) -> tuple[int, Policy]:
    """The version in force on the day, and what it says. Raises `PolicyNotFound`."""
    statement = (
        select(ControlPolicy)
        .where(col(ControlPolicy.effective_from) <= day)
        .order_by(col(ControlPolicy.effective_from).desc())
        .limit(1)
    )
    found = (await session.exec(statement)).first()
    if found is None:
        raise PolicyNotFound(f"На {day:%d.%m.%Y} политика контроля не действовала.")
    return found.version, Policy.model_validate(found.document)


async def get_policy(session: AsyncSession, version: int) -> ControlPolicy:
    """Raises `PolicyNotFound`."""
    found = await session.get(ControlPolicy, version)
    if found is None:
        raise PolicyNotFound("Такой версии политики нет.")
    return found


async def all_policies(session: AsyncSession) -> dict[int, Policy]:
    """Version → what it says."""
    rows = await session.exec(select(ControlPolicy))
    return {row.version: Policy.model_validate(row.document) for row in rows}


async def list_policies(session: AsyncSession) -> Sequence[ControlPolicy]:
    """Oldest first."""
    statement = select(ControlPolicy).order_by(col(ControlPolicy.version))
    return (await session.exec(statement)).all()


async def newest(session: AsyncSession) -> ControlPolicy:
    """The last version; whoever else wants to add one waits."""
    # The first row stands for the table: a lock on the newest would not show a newer one.
    first = select(ControlPolicy.version).order_by(col(ControlPolicy.version)).limit(1)
    (await session.exec(first.with_for_update())).one()
    statement = select(ControlPolicy).order_by(col(ControlPolicy.version).desc()).limit(1)
    return (await session.exec(statement)).one()


async def latest_effective(session: AsyncSession) -> date:
    """The latest day on which a version takes effect."""
    return (await session.exec(select(func.max(ControlPolicy.effective_from)))).one()
