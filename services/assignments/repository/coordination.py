"""Statements about offices and absences, what waits for a coordinator, and sub-tasks."""

from collections.abc import Collection, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, delete, exists, or_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import OPEN, Addressee, Status
from services.assignments.models import (
    Absence,
    Assignment,
    AutoForwarding,
    Execution,
    Subtask,
    Tenure,
)
from shared.errors import NotFound
from shared.events.directory import AppointmentEvent


class AbsenceNotFound(NotFound):
    """No absence of the actor's region has this id."""

    code = "absence_not_found"
    title = "Отсутствие не найдено"


class SubtaskNotFound(NotFound):
    """No sub-task of the execution has this id."""

    code = "subtask_not_found"
    title = "Подзадача не найдена"


async def keep_tenure(
    session: AsyncSession, appointment: AppointmentEvent, *, now: datetime
) -> None:
    """Store the tenure unless a newer version of it is known.

    It is heard of now where nobody knew that the person holds it from that day.
    """
    row = {**appointment.model_dump(include=set(Tenure.model_fields)), "heard_at": now}
    statement = upsert(Tenure).values(row)
    known = and_(
        col(Tenure.person_id) == statement.excluded.person_id,
        col(Tenure.valid_from) == statement.excluded.valid_from,
    )
    heard_at = case((known, col(Tenure.heard_at)), else_=statement.excluded.heard_at)
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=["appointment_id"],
            set_={**row, "heard_at": heard_at},
            where=col(Tenure.version) < statement.excluded.version,
        )
    )


async def coordinators_at(
    session: AsyncSession, regions: Collection[str], today: date
) -> dict[str, UUID]:
    """Region → the person who is its coordinator on the day."""
    statement = select(Tenure.region, Tenure.person_id).where(
        col(Tenure.region).in_(regions),
        col(Tenure.office) == "coordinator",
        col(Tenure.valid_from) <= today,
        or_(col(Tenure.valid_to).is_(None), col(Tenure.valid_to) >= today),
    )
    return dict((await session.exec(statement)).all())


async def absent_at(session: AsyncSession, regions: Collection[str], today: date) -> set[str]:
    """The regions whose coordinator has said to be away on the day."""
    statement = select(Absence.region).where(
        col(Absence.region).in_(regions),
        col(Absence.ended_at).is_(None),
        col(Absence.away_from) <= today,
        col(Absence.away_to) >= today,
    )
    return set(await session.exec(statement))


async def absence_within(
    session: AsyncSession, region: str, away_from: date, away_to: date
) -> Absence | None:
    """The first absence of the region, not ended, that has any of these days (inclusive)."""
    statement = (
        select(Absence)
        .where(
            col(Absence.region) == region,
            col(Absence.ended_at).is_(None),
            col(Absence.away_from) <= away_to,
            col(Absence.away_to) >= away_from,
        )
        .order_by(col(Absence.away_from))
        .limit(1)
    )
    return (await session.exec(statement)).first()


async def list_absences(
    session: AsyncSession, regions: Collection[str] | None, *, after: UUID | None, limit: int
) -> Sequence[Absence]:
    """The newest first; `None` means every region."""
    statement = select(Absence).order_by(col(Absence.id).desc()).limit(limit)
    if regions is not None:
        statement = statement.where(col(Absence.region).in_(regions))
    if after is not None:
        statement = statement.where(col(Absence.id) < after)
    return (await session.exec(statement)).all()


async def get_absence(
    session: AsyncSession, absence_id: UUID, regions: Collection[str] | None
) -> Absence:
    """The absence, locked, if it is of these regions (`None`: of any). Raises `AbsenceNotFound`."""
    found = await session.get(Absence, absence_id, with_for_update=True)
    if found is None or not (regions is None or found.region in regions):
        raise AbsenceNotFound("Такого отсутствия нет.")
    return found


def _today(now: datetime) -> ColumnElement[date]:
    """The date of the execution's region at the instant."""
    return func.date(func.timezone(col(Execution.timezone), now))


def _coordinates(today: ColumnElement[date], tenure: type[Tenure] = Tenure) -> ColumnElement[bool]:
    """The tenure is that of a coordinator of the execution's region on the day."""
    return and_(
        col(tenure.region) == col(Execution.region),
        col(tenure.office) == "coordinator",
        col(tenure.valid_from) <= today,
        or_(col(tenure.valid_to).is_(None), col(tenure.valid_to) >= today),
    )


async def closing_by_appointment(
    session: AsyncSession, now: datetime, region: str | None = None
) -> Sequence[Execution]:
    """Open executions closed by there being a coordinator, where there is one today, locked."""
    statement = (
        select(Execution)
        .join(Assignment, col(Assignment.id) == col(Execution.assignment_id))
        .where(
            col(Execution.addressee) == Addressee.AUTHORITY,
            col(Assignment.closes_on) == "coordinator_appointed",
            col(Execution.status).in_(OPEN),
            exists().where(_coordinates(_today(now))),
        )
        .order_by(col(Execution.id))
        .limit(1000)
        .with_for_update(key_share=True, of=Execution)
    )
    if region is not None:
        statement = statement.where(col(Execution.region) == region)
    return (await session.exec(statement)).all()


async def misrouted(
    session: AsyncSession, now: datetime, region: str | None = None
) -> Sequence[tuple[Execution, UUID]]:
    """Open executions of clusters that do not lie with a coordinator of today, locked.

    With the coordinator each is to lie with: of several the latest, which the directory allows
    nobody, but its copies may for a while. Today is the region's own. Where an office is vacant,
    work stays with whoever had it.
    """
    today = _today(now)
    held = aliased(Tenure)
    holds = exists().where(
        _coordinates(today, held), col(held.person_id) == col(Execution.coordinator_id)
    )
    # Nearly nothing is another's: only of that is it asked whether there are two of the day.
    elsewhere = and_(col(Execution.coordinator_id).is_distinct_from(col(Tenure.person_id)), ~holds)
    statement = (
        select(Execution, Tenure.person_id)
        .join(Tenure, _coordinates(today))
        .where(
            col(Execution.addressee) == Addressee.CLUSTER,
            col(Execution.status).in_(OPEN),
            or_(col(Execution.status) == Status.ISSUED, elsewhere),
        )
        .order_by(col(Execution.id), col(Tenure.valid_from), col(Tenure.appointment_id))
        .limit(1000)
        .with_for_update(key_share=True, of=Execution)
    )
    if region is not None:
        statement = statement.where(col(Execution.region) == region)
    latest = {execution.id: (execution, to) for execution, to in await session.exec(statement)}
    return list(latest.values())


async def forwarded_by_themselves(
    session: AsyncSession, cluster_ids: Collection[UUID]
) -> set[tuple[str, UUID]]:
    """Region and cluster of those whose reports need no coordinator to pass."""
    statement = select(AutoForwarding.region, AutoForwarding.cluster_id).where(
        col(AutoForwarding.cluster_id).in_(cluster_ids)
    )
    return {(region, cluster) for region, cluster in await session.exec(statement)}


async def list_auto_forwarding(session: AsyncSession, region: str) -> Sequence[AutoForwarding]:
    """The region's clusters whose reports pass by themselves."""
    statement = (
        select(AutoForwarding)
        .where(col(AutoForwarding.region) == region)
        .order_by(col(AutoForwarding.cluster_id))
    )
    return (await session.exec(statement)).all()


async def drop_auto_forwarding(session: AsyncSession, region: str) -> None:
    """Forget the region's list, before a new one is written."""
    await session.exec(delete(AutoForwarding).where(col(AutoForwarding.region) == region))


async def clusters_known(session: AsyncSession, region: str) -> set[UUID]:
    """Clusters that have ever owed an execution in the region."""
    statement = select(Execution.cluster_id).where(col(Execution.region) == region).distinct()
    return {found for found in await session.exec(statement) if found is not None}


async def list_subtasks(session: AsyncSession, execution_id: UUID) -> Sequence[Subtask]:
    """In the order they were given."""
    statement = (
        select(Subtask).where(col(Subtask.execution_id) == execution_id).order_by(col(Subtask.id))
    )
    return (await session.exec(statement)).all()


async def lock_subtask(session: AsyncSession, execution_id: UUID, subtask_id: UUID) -> Subtask:
    """The sub-task of this execution, locked. Raises `SubtaskNotFound`."""
    found = await session.get(Subtask, subtask_id, with_for_update=True)
    if found is None or found.execution_id != execution_id:
        raise SubtaskNotFound("У исполнения нет такой подзадачи.")
    return found
