"""Statements of agendas."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import CTE, ColumnElement, exists
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased
from sqlmodel import case, col, delete, func, select, update
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from services.meetings.domain.agendas import (
    DECIDED,
    AgendaItemNotFound,
    AgendaOrigin,
    Outcome,
    Question,
)
from services.meetings.domain.control import ControlLine
from services.meetings.domain.meetings import AGENDA_OPEN, TOOK_PLACE, MeetingStatus, Series
from services.meetings.domain.series import JOINS_UNIFIED
from services.meetings.models import (
    AgendaControl,
    AgendaItem,
    AgendaReceipt,
    Meeting,
    ProtocolItem,
)

_ASSIGNED = exists().where(col(ProtocolItem.agenda_item_id) == col(AgendaItem.id))


async def list_agenda(session: AsyncSession, meeting_id: UUID) -> Sequence[AgendaItem]:
    """The agenda by position."""
    statement = (
        select(AgendaItem)
        .where(col(AgendaItem.meeting_id) == meeting_id)
        .order_by(col(AgendaItem.position))
    )
    return (await session.exec(statement)).all()


async def has_agenda_item(session: AsyncSession, meeting_id: UUID, item_id: UUID) -> bool:
    """Whether the question is on the meeting's agenda."""
    statement = select(AgendaItem.id).where(
        col(AgendaItem.id) == item_id, col(AgendaItem.meeting_id) == meeting_id
    )
    return (await session.exec(statement)).first() is not None


async def get_agenda_item(
    session: AsyncSession, meeting_id: UUID, item_id: UUID, *, for_update: bool = False
) -> AgendaItem:
    """Raises `AgendaItemNotFound`."""
    statement = select(AgendaItem).where(
        col(AgendaItem.id) == item_id, col(AgendaItem.meeting_id) == meeting_id
    )
    if for_update:
        statement = statement.with_for_update()
    found = (await session.exec(statement)).first()
    if found is None:
        raise AgendaItemNotFound("В повестке этого совещания нет такого вопроса.")
    return found


async def remove_agenda_item(session: AsyncSession, item: AgendaItem) -> None:
    """Take the question off; those that follow it move up."""
    await session.exec(delete(AgendaItem).where(col(AgendaItem.id) == item.id))
    await session.exec(
        update(AgendaItem)
        .where(
            col(AgendaItem.meeting_id) == item.meeting_id,
            col(AgendaItem.position) > item.position,
        )
        .values(position=col(AgendaItem.position) - 1)
    )


async def reorder(session: AsyncSession, meeting_id: UUID, order: Sequence[UUID]) -> None:
    """Give the questions the places of the order, which names them all."""
    places = {item_id: place for place, item_id in enumerate(order, start=1)}
    await session.exec(
        update(AgendaItem)
        .where(col(AgendaItem.meeting_id) == meeting_id)
        .values(position=case(places, value=col(AgendaItem.id)))
    )


async def questions(session: AsyncSession, meeting_id: UUID) -> list[Question]:
    """The agenda's questions by position, and what became of them."""
    statement = (
        select(AgendaItem, _ASSIGNED)
        .where(col(AgendaItem.meeting_id) == meeting_id)
        .order_by(col(AgendaItem.position))
    )
    return [
        Question(item.id, item.position, item.text, item.outcome, assigned)
        for item, assigned in await session.exec(statement)
    ]


async def is_assigned(session: AsyncSession, item_id: UUID) -> bool:
    """Whether an item of a protocol names the question."""
    statement = select(ProtocolItem.id).where(col(ProtocolItem.agenda_item_id) == item_id)
    return (await session.exec(statement.limit(1))).first() is not None


async def unfinished(
    session: AsyncSession, series: Series, *, before: datetime, limit: int
) -> Sequence[AgendaItem]:
    """Questions of earlier meetings of the same participants that have come back nowhere yet.

    A cancelled meeting decided nothing, whatever was said or drafted there: what came to it goes
    on, unless it was decided where it came from. What a closed one left is what it said to carry
    over. What templates and sections write themselves is written
    anew each time anyway. The unified meetings go on with what cohorts' last ones left.
    """
    carried = AgendaItem.__table__.alias("carried")  # type: ignore[attr-defined]
    by_people = col(AgendaItem.origin).in_([AgendaOrigin.PERSON, AgendaOrigin.CARRIED])
    cancelled = col(Meeting.status) == MeetingStatus.CANCELLED
    open_ones = by_people & col(AgendaItem.outcome).is_(None) & ~_ASSIGNED
    carried_over = col(AgendaItem.outcome) == Outcome.CARRIED_OVER
    decided = col(AgendaItem.id).in_(_decided_before(cancelled))
    returning = (cancelled & (by_people | carried_over) & ~decided) | (
        ~cancelled & (open_ones | carried_over)
    )
    of_series = col(Meeting.series) == series
    if series is Series.UNIFIED:
        of_series |= col(Meeting.series).in_(JOINS_UNIFIED) & ~_more_of_its_own()
    statement = (
        select(AgendaItem)
        .join(Meeting, col(Meeting.id) == col(AgendaItem.meeting_id))
        .where(
            of_series,
            col(Meeting.starts_at) < before,
            col(Meeting.status).in_([*TOOK_PLACE, MeetingStatus.CANCELLED, MeetingStatus.CLOSED]),
            col(AgendaItem.origin) != AgendaOrigin.CONTROL,
            returning,
            ~exists().where(carried.c.carried_from == col(AgendaItem.id)),
        )
        .order_by(col(Meeting.starts_at), col(Meeting.id), col(AgendaItem.position))
        .limit(limit)
    )
    return (await session.exec(statement)).all()


def _more_of_its_own() -> ColumnElement[bool]:
    """Whether the same participants meet later than `Meeting` and are not through with it."""
    later = aliased(Meeting)
    return exists().where(
        col(later.series) == col(Meeting.series),
        col(later.starts_at) >= col(Meeting.starts_at),
        col(later.status).in_(AGENDA_OPEN),
    )


async def add_carried(session: AsyncSession, item: AgendaItem) -> bool:
    """Insert a question that comes back, or say False where it has come back elsewhere meanwhile.

    The same order everywhere (`unfinished`) keeps those who meet here from waiting in a circle.
    """
    statement = (
        upsert(AgendaItem)
        .values(item.model_dump())
        .on_conflict_do_nothing(index_elements=["carried_from"])
        .returning(col(AgendaItem.id))
    )
    return (await session.exec(statement)).first() is not None


async def carried_to(session: AsyncSession, item_id: UUID) -> UUID | None:
    """The meeting at which the question stands again; cancelled ones are passed by."""
    came = (
        select(AgendaItem.id, AgendaItem.meeting_id)
        .where(col(AgendaItem.carried_from) == item_id)
        .cte("came", recursive=True)
    )
    came = came.union_all(
        select(AgendaItem.id, AgendaItem.meeting_id)
        .join(came, came.c.id == col(AgendaItem.carried_from))
        .join(Meeting, col(Meeting.id) == came.c.meeting_id)
        .where(col(Meeting.status) == MeetingStatus.CANCELLED)
    )
    statement = (
        select(came.c.meeting_id)
        .join(Meeting, col(Meeting.id) == came.c.meeting_id)
        .where(col(Meeting.status) != MeetingStatus.CANCELLED)
    )
    return (await session.exec(statement)).first()


def _came_from(these: ColumnElement[bool]) -> CTE:
    """`id` of each of these questions, and as `source` where it stood before.

    A cancelled meeting decided nothing: a question that passed it by has the source before that
    too.
    """
    before, there = aliased(AgendaItem), aliased(Meeting)
    came = (
        select(AgendaItem.id, col(AgendaItem.carried_from).label("source"))
        .join(Meeting, col(Meeting.id) == col(AgendaItem.meeting_id))
        .where(these, col(AgendaItem.carried_from).is_not(None))
        .cte("came", recursive=True)
    )
    return came.union_all(
        select(came.c.id, col(before.carried_from))
        .join(before, col(before.id) == came.c.source)
        .join(there, col(there.id) == col(before.meeting_id))
        .where(col(there.status) == MeetingStatus.CANCELLED, col(before.carried_from).is_not(None))
    )


def _decided_before(these: ColumnElement[bool]) -> SelectOfScalar[UUID]:
    """Ids of those of these questions that were decided where they come from."""
    came = _came_from(these)
    source, there, item_of = aliased(AgendaItem), aliased(Meeting), aliased(ProtocolItem)
    return (
        select(came.c.id)
        .join(source, col(source.id) == came.c.source)
        .join(there, col(there.id) == col(source.meeting_id))
        .where(
            col(there.status) != MeetingStatus.CANCELLED,
            col(source.outcome).in_(DECIDED)
            | (
                col(source.outcome).is_(None)
                & exists().where(col(item_of.agenda_item_id) == col(source.id))
            ),
        )
    )


async def is_decided_elsewhere(session: AsyncSession, item_id: UUID) -> bool:
    """Whether the question came from a meeting that can still say what became of it."""
    came = _came_from(col(AgendaItem.id) == item_id)
    statement = (
        select(came.c.id)
        .join(AgendaItem, col(AgendaItem.id) == came.c.source)
        .join(Meeting, col(Meeting.id) == col(AgendaItem.meeting_id))
        .where(col(Meeting.status).in_(TOOK_PLACE))
    )
    return (await session.exec(statement)).first() is not None


async def settled(session: AsyncSession, meeting_id: UUID) -> Sequence[AgendaItem]:
    """Questions that came back to the meeting and were decided where they came from since."""
    here = col(AgendaItem.meeting_id) == meeting_id
    statement = (
        select(AgendaItem)
        .where(
            here,
            col(AgendaItem.outcome).is_(None),
            ~_ASSIGNED,
            col(AgendaItem.id).in_(_decided_before(here)),
        )
        .order_by(col(AgendaItem.position).desc())
    )
    return (await session.exec(statement)).all()


async def written_by_processes(session: AsyncSession, meeting_id: UUID) -> Sequence[AgendaItem]:
    """Questions that a freeze wrote and no item of the protocol names, the last one first."""
    statement = (
        select(AgendaItem)
        .where(
            col(AgendaItem.meeting_id) == meeting_id,
            col(AgendaItem.origin) == AgendaOrigin.PROCESS,
            ~_ASSIGNED,
        )
        .order_by(col(AgendaItem.position).desc())
    )
    return (await session.exec(statement)).all()


async def keep_control(
    session: AsyncSession, meeting_id: UUID, lines: Sequence[ControlLine]
) -> None:
    """Keep what the regions owed when the agenda was frozen, in the place of what was kept."""
    await session.exec(delete(AgendaControl).where(col(AgendaControl.meeting_id) == meeting_id))
    if lines:
        values = [
            {
                "meeting_id": meeting_id,
                "region": line.region,
                "overdue": line.overdue,
                "due_soon": line.due_soon,
                "awaiting": line.awaiting,
            }
            for line in lines
        ]
        await session.exec(upsert(AgendaControl).values(values))


async def list_control(session: AsyncSession, meeting_id: UUID) -> list[ControlLine]:
    """What was kept, by region."""
    statement = (
        select(
            AgendaControl.region,
            AgendaControl.overdue,
            AgendaControl.due_soon,
            AgendaControl.awaiting,
        )
        .where(col(AgendaControl.meeting_id) == meeting_id)
        .order_by(col(AgendaControl.region))
    )
    return [ControlLine(*row) for row in await session.exec(statement)]


async def keep_receipt(session: AsyncSession, receipt: AgendaReceipt) -> None:
    """Remember that the actor has read this revision; an older one is replaced."""
    statement = upsert(AgendaReceipt).values(receipt.model_dump())
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=["meeting_id", "actor"],
            set_={name: statement.excluded[name] for name in ("region", "revision", "read_at")},
            where=col(AgendaReceipt.revision) < statement.excluded.revision,
        )
    )


async def count_receipts(
    session: AsyncSession, meeting_id: UUID, revision: int
) -> tuple[int, int, int]:
    """How many have read this revision, how many an older one only, from how many regions."""
    current = col(AgendaReceipt.revision) >= revision
    statement = select(
        func.count().filter(current),
        func.count().filter(~current),
        func.count(func.distinct(col(AgendaReceipt.region))).filter(current),
    ).where(col(AgendaReceipt.meeting_id) == meeting_id)
    read, stale, regions = (await session.exec(statement)).one()
    return read, stale, regions
