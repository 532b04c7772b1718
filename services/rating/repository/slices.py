"""Statements about slices and their lines."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.facts import Facts
from services.rating.domain.slices import SliceStatus
from services.rating.models import (
    ExecutionVersion,
    Slice,
    SliceCorrection,
    SliceInput,
    SliceRow,
)
from services.rating.repository.facts import facts_at_versions, facts_of_versions
from services.rating.repository.newest import table_of
from shared.db import copy_rows
from shared.errors import NotFound

# Whoever has it freezes months, one after the other.
_TURN: Final = 0x51CE


class SliceNotFound(NotFound):
    """There is no such slice."""

    code = "slice_not_found"
    title = "Среза нет"


async def newest_month(session: AsyncSession) -> str | None:
    """The last month that has a slice, if any, be it still a draft."""
    return (await session.exec(select(func.max(Slice.period)))).one()


async def first_heard(session: AsyncSession) -> datetime | None:
    """When the first fact heard came about."""
    return (await session.exec(select(func.min(ExecutionVersion.occurred_at)))).one()


async def begin(session: AsyncSession, one: Slice) -> None:
    """Add the draft, unless the month has one already."""
    statement = upsert(table_of(Slice)).values(one.model_dump())
    await session.exec(statement.on_conflict_do_nothing(index_elements=["period", "revision"]))


async def take_turn(session: AsyncSession) -> bool:
    """Whether months are ours to freeze until the transaction ends; never waits."""
    return bool((await session.exec(select(func.pg_try_advisory_xact_lock(_TURN)))).one())


async def wait_for_turn(session: AsyncSession) -> None:
    """Let no month be frozen until the transaction ends; waits for the one that is."""
    await session.exec(select(func.pg_advisory_xact_lock(_TURN)))


async def earliest_draft(session: AsyncSession) -> Slice | None:
    """The earliest slice that waits; for whoever has the turn."""
    statement = (
        select(Slice)
        .where(col(Slice.status) == SliceStatus.DRAFT)
        .order_by(col(Slice.period))
        .limit(1)
        .with_for_update()
    )
    return (await session.exec(statement)).first()


async def lock_slice(session: AsyncSession, slice_id: UUID) -> Slice:
    """The slice, ours until the transaction ends. Raises `SliceNotFound`."""
    statement = select(Slice).where(col(Slice.id) == slice_id).with_for_update()
    found = (await session.exec(statement)).first()
    if found is None:
        raise SliceNotFound("Такого среза нет.", field="path.slice_id")
    return found


async def get_slice(session: AsyncSession, slice_id: UUID) -> Slice:
    """Raises `SliceNotFound`."""
    found = await session.get(Slice, slice_id)
    if found is None:
        raise SliceNotFound("Такого среза нет.", field="path.slice_id")
    return found


async def list_slices(session: AsyncSession, period: str | None = None) -> Sequence[Slice]:
    """The slices, the newest month first and in it the newest revision."""
    statement = select(Slice).order_by(col(Slice.period).desc(), col(Slice.revision).desc())
    if period is not None:
        statement = statement.where(col(Slice.period) == period)
    return (await session.exec(statement)).all()


async def newest_of(session: AsyncSession, period: str) -> Slice | None:
    """The month's newest frozen slice: its last revision."""
    statement = (
        select(Slice)
        .where(col(Slice.period) == period, col(Slice.status) != SliceStatus.DRAFT)
        .order_by(col(Slice.revision).desc())
        .limit(1)
    )
    return (await session.exec(statement)).first()


async def newest_before(session: AsyncSession, month: str) -> Slice | None:
    """The newest frozen slice, in its last revision, of a month before this one."""
    statement = (
        select(Slice)
        .where(col(Slice.period) < month, col(Slice.status) != SliceStatus.DRAFT)
        .order_by(col(Slice.period).desc(), col(Slice.revision).desc())
        .limit(1)
    )
    return (await session.exec(statement)).first()


async def lines_before(session: AsyncSession, month: str) -> Mapping[str, SliceRow]:
    """The lines, by region, of the newest slice of a month before this one; none without it."""
    earlier = await newest_before(session, month)
    if earlier is None:
        return {}
    return {row.region: row for row in await rows_of(session, earlier.id)}


async def national_before(session: AsyncSession, month: str) -> int | None:
    """The national raw score of the newest slice of a month before this one, as first frozen."""
    statement = (
        select(Slice.national_raw_bp)
        .where(
            col(Slice.period) < month,
            col(Slice.revision) == 0,
            col(Slice.national_raw_bp).is_not(None),
        )
        .order_by(col(Slice.period).desc())
        .limit(1)
    )
    return (await session.exec(statement)).first()


async def rows_of(session: AsyncSession, slice_id: UUID) -> Sequence[SliceRow]:
    """The slice's lines by region."""
    statement = (
        select(SliceRow).where(col(SliceRow.slice_id) == slice_id).order_by(col(SliceRow.region))
    )
    return (await session.exec(statement)).all()


async def lines_of(
    session: AsyncSession, region: str, month: str
) -> Sequence[tuple[Slice, SliceRow]]:
    """The region's line in every frozen slice up to the month, the oldest first."""
    statement = (
        select(Slice, SliceRow)
        .join(SliceRow, col(SliceRow.slice_id) == col(Slice.id))
        .where(
            col(SliceRow.region) == region,
            col(Slice.period) <= month,
            col(Slice.status) != SliceStatus.DRAFT,
        )
        .order_by(col(Slice.period), col(Slice.revision))
    )
    return (await session.exec(statement)).all()


async def keep_inputs(
    session: AsyncSession, slice_id: UUID, facts: Mapping[str, Sequence[Facts]]
) -> None:
    """Keep which version of each execution's facts the month's first slice is made of."""
    rows = [(slice_id, one.execution_id, one.version) for known in facts.values() for one in known]
    await copy_rows(session, "slice_inputs", ("slice_id", "execution_id", "version"), rows)


async def inputs_of(
    session: AsyncSession, period: str, regions: Collection[str]
) -> dict[str, list[Facts]]:
    """The facts that the month's first slice was made of, by region, whatever came later."""
    statement = (
        select(col(SliceInput.execution_id), col(SliceInput.version))
        .join(Slice, col(Slice.id) == col(SliceInput.slice_id))
        .where(col(Slice.period) == period, col(Slice.revision) == 0)
    )
    return await facts_of_versions(session, statement, regions)


async def corrections_of(session: AsyncSession, slice_id: UUID) -> Sequence[SliceCorrection]:
    """What the revision sees corrected, by execution."""
    statement = (
        select(SliceCorrection)
        .where(col(SliceCorrection.slice_id) == slice_id)
        .order_by(col(SliceCorrection.execution_id))
    )
    return (await session.exec(statement)).all()


async def corrected_facts(
    session: AsyncSession, corrections: Sequence[SliceCorrection]
) -> Sequence[Facts]:
    """The facts of the versions that the corrections name."""
    return await facts_at_versions(
        session, [(one.execution_id, one.version) for one in corrections]
    )
