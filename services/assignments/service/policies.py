"""New versions of the control policy."""

from datetime import date, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.deadlines import CENTRE
from services.assignments.domain.policies import Policy
from services.assignments.models import ControlPolicy
from services.assignments.repository import policies as repository
from shared.clock import date_in
from shared.errors import Invalid


class EffectiveTooEarly(Invalid):
    """A policy changes only what is issued from now on, and after the version before it."""

    code = "effective_too_early"
    title = "Политика не может действовать задним числом"


async def adopt(
    session: AsyncSession,
    policy: Policy,
    *,
    effective_from: date,
    note: str,
    by: str,
    now: datetime,
) -> ControlPolicy:
    """The next version; what has been issued keeps its own. Raises `EffectiveTooEarly`."""
    last = await repository.newest(session)
    latest = await repository.latest_effective(session)
    if effective_from < date_in(CENTRE, now) or effective_from <= latest:
        raise EffectiveTooEarly(
            f"Дата — не раньше сегодняшней и позже {latest:%d.%m.%Y}, когда вступает в силу"
            f" версия {last.version}.",
            field="body.effective_from",
        )
    row = ControlPolicy(
        version=last.version + 1,
        effective_from=effective_from,
        document=policy.model_dump(mode="json"),
        note=note,
        created_by=by,
        created_at=now,
    )
    session.add(row)
    await session.flush()
    return row
