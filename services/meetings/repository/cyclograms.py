"""Statements of cyclograms and their templates."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import text
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.cyclograms import CyclogramNotFound, TemplateNotFound
from services.meetings.models import Cyclogram, CyclogramTemplate

_ONE_AFTER_ANOTHER = text("lock table cyclogram_templates in share row exclusive mode")


async def lock_templates(session: AsyncSession) -> None:
    """Whoever else changes templates or cyclograms waits for this transaction; readers go on."""
    await (await session.connection()).execute(_ONE_AFTER_ANOTHER)


async def next_template(session: AsyncSession) -> int:
    """The version a new template gets."""
    await lock_templates(session)
    newest = (await session.exec(select(func.max(col(CyclogramTemplate.version))))).one()
    return (newest or 0) + 1


async def get_template(session: AsyncSession, version: int) -> CyclogramTemplate:
    """Raises `TemplateNotFound`."""
    found = await session.get(CyclogramTemplate, version)
    if found is None:
        raise TemplateNotFound("У шаблона циклограммы нет такой версии.")
    return found


async def list_templates(session: AsyncSession) -> Sequence[CyclogramTemplate]:
    """All versions, the newest first."""
    statement = select(CyclogramTemplate).order_by(col(CyclogramTemplate.version).desc())
    return (await session.exec(statement.limit(200))).all()


async def find_cyclogram(
    session: AsyncSession, cohort: int, *, for_update: bool = False
) -> Cyclogram | None:
    """The cohort's cyclogram, where it has one."""
    statement = select(Cyclogram).where(col(Cyclogram.cohort) == cohort)
    if for_update:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(statement)).first()


async def get_cyclogram(session: AsyncSession, cohort: int) -> Cyclogram:
    """Raises `CyclogramNotFound`."""
    found = await find_cyclogram(session, cohort)
    if found is None:
        raise CyclogramNotFound("У этого года отбора ещё нет циклограммы.")
    return found


async def list_cyclograms(session: AsyncSession) -> Sequence[tuple[Cyclogram, CyclogramTemplate]]:
    """Each cohort's cyclogram with its template."""
    statement = (
        select(Cyclogram, CyclogramTemplate)
        .join(CyclogramTemplate, col(CyclogramTemplate.version) == col(Cyclogram.template))
        .order_by(col(Cyclogram.cohort))
    )
    return (await session.exec(statement)).all()


async def list_starts(session: AsyncSession) -> dict[int, date]:
    """Cohort → the day it counts from."""
    return {one.cohort: one.starts_on for one in await session.exec(select(Cyclogram))}
