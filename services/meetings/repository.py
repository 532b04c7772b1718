"""Every statement the meetings service sends to its database."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Table, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import SQLModel, col, delete, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain import (
    ClusterFacts,
    MeetingNotFound,
    ProtocolItemNotFound,
    ProtocolNotFound,
    ProtocolStatus,
    Series,
)
from services.meetings.models import (
    AgendaItem,
    KnownCluster,
    KnownRegion,
    Meeting,
    Protocol,
    ProtocolItem,
    ProtocolNumber,
)
from shared.events.base import Event
from shared.events.directory import ClusterEvent, RegionEvent

# Assignments are issued to clusters at work; planned, reorganised and closed ones get none.
ADDRESSABLE: Final = "active"

E = TypeVar("E", bound=Event)


async def find_meeting(
    session: AsyncSession, meeting_id: UUID, *, for_update: bool = False
) -> Meeting | None:
    """The meeting, where there is one."""
    statement = select(Meeting).where(col(Meeting.id) == meeting_id)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).first()


async def get_meeting(
    session: AsyncSession, meeting_id: UUID, *, for_update: bool = False
) -> Meeting:
    """Raises `MeetingNotFound`."""
    found = await find_meeting(session, meeting_id, for_update=for_update)
    if found is None:
        raise MeetingNotFound("Совещание не найдено.")
    return found


async def list_meetings(
    session: AsyncSession,
    *,
    since: datetime | None,
    until: datetime | None,
    series: Series | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> Sequence[Meeting]:
    """Meetings starting at `since` or later and before `until`, by start and id."""
    wanted: list[ColumnElement[bool]] = []
    if since is not None:
        wanted.append(col(Meeting.starts_at) >= since)
    if until is not None:
        wanted.append(col(Meeting.starts_at) < until)
    if series is not None:
        wanted.append(col(Meeting.series) == series)
    if after is not None:
        wanted.append(tuple_(col(Meeting.starts_at), col(Meeting.id)) > after)
    statement = (
        select(Meeting)
        .where(*wanted)
        .order_by(col(Meeting.starts_at), col(Meeting.id))
        .limit(limit)
    )
    return (await session.exec(statement)).all()


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


async def add(session: AsyncSession, row: SQLModel) -> None:
    """Insert or update the row now, so that what follows sees it."""
    session.add(row)
    await session.flush()


async def add_protocol(session: AsyncSession, protocol: Protocol) -> bool:
    """Insert the protocol, or say False where its meeting has one."""
    statement = (
        upsert(Protocol)
        .values(protocol.model_dump())
        .on_conflict_do_nothing(index_elements=["meeting_id"])
        .returning(col(Protocol.id))
    )
    return (await session.exec(statement)).first() is not None


async def get_protocol(
    session: AsyncSession, protocol_id: UUID, *, for_update: bool = False
) -> Protocol:
    """Raises `ProtocolNotFound`."""
    statement = select(Protocol).where(col(Protocol.id) == protocol_id)
    if for_update:
        statement = statement.with_for_update()
    found = (await session.exec(statement)).first()
    if found is None:
        raise ProtocolNotFound("Протокол не найден.")
    return found


async def list_protocols(
    session: AsyncSession,
    *,
    year: int | None,
    status: ProtocolStatus | None,
    before: UUID | None,
    limit: int,
) -> Sequence[Protocol]:
    """Protocols, the newest first."""
    statement = select(Protocol).order_by(col(Protocol.id).desc()).limit(limit)
    if year is not None:
        statement = statement.where(col(Protocol.year) == year)
    if status is not None:
        statement = statement.where(col(Protocol.status) == status)
    if before is not None:
        statement = statement.where(col(Protocol.id) < before)
    return (await session.exec(statement)).all()


async def list_items(session: AsyncSession, protocol_id: UUID) -> Sequence[ProtocolItem]:
    """The protocol's items by position."""
    statement = (
        select(ProtocolItem)
        .where(col(ProtocolItem.protocol_id) == protocol_id)
        .order_by(col(ProtocolItem.position))
    )
    return (await session.exec(statement)).all()


async def get_item(session: AsyncSession, protocol_id: UUID, item_id: UUID) -> ProtocolItem:
    """Raises `ProtocolItemNotFound`."""
    statement = select(ProtocolItem).where(
        col(ProtocolItem.id) == item_id, col(ProtocolItem.protocol_id) == protocol_id
    )
    found = (await session.exec(statement)).first()
    if found is None:
        raise ProtocolItemNotFound("В этом протоколе нет такого пункта.")
    return found


async def remove_item(session: AsyncSession, item: ProtocolItem) -> None:
    """Delete the item; those that follow it move up."""
    await session.exec(delete(ProtocolItem).where(col(ProtocolItem.id) == item.id))
    await session.exec(
        update(ProtocolItem)
        .where(
            col(ProtocolItem.protocol_id) == item.protocol_id,
            col(ProtocolItem.position) > item.position,
        )
        .values(position=col(ProtocolItem.position) - 1)
    )


async def take_number(session: AsyncSession, year: int) -> int:
    """The year's next number. Others wait for this transaction, so a rollback leaves no gap."""
    statement = (
        upsert(ProtocolNumber)
        .values(year=year, last=1)
        .on_conflict_do_update(index_elements=["year"], set_={"last": col(ProtocolNumber.last) + 1})
        .returning(col(ProtocolNumber.last))
    )
    number: int = (await session.exec(statement)).one()[0]
    return number


async def unknown_regions(session: AsyncSession, codes: Sequence[str]) -> list[str]:
    """Those of the regions we have not heard of."""
    statement = select(KnownRegion.code).where(col(KnownRegion.code).in_(codes))
    known = set(await session.exec(statement)) if codes else set()
    return [code for code in codes if code not in known]


async def unknown_clusters(session: AsyncSession, ids: Sequence[UUID]) -> list[UUID]:
    """Those of the clusters we have not heard of."""
    statement = select(KnownCluster.cluster_id).where(col(KnownCluster.cluster_id).in_(ids))
    known = set(await session.exec(statement)) if ids else set()
    return [cluster_id for cluster_id in ids if cluster_id not in known]


async def list_regions(session: AsyncSession) -> set[str]:
    """The codes of all regions we have heard of."""
    return set(await session.exec(select(KnownRegion.code)))


async def list_addressable(session: AsyncSession) -> list[ClusterFacts]:
    """All clusters a selector can reach."""
    statement = select(
        KnownCluster.cluster_id, KnownCluster.region, KnownCluster.industry, KnownCluster.cohort
    ).where(col(KnownCluster.status) == ADDRESSABLE)
    return [ClusterFacts(*row) for row in await session.exec(statement)]


def _newest(heard: Iterable[E]) -> list[E]:
    """The newest version of each aggregate, in the order of keys (so locks never cross)."""
    found: dict[str, E] = {}
    for event in heard:
        known = found.get(event.key)
        if known is None or known.version < event.version:
            found[event.key] = event
    return [found[key] for key in sorted(found)]


async def keep_regions(session: AsyncSession, heard: Sequence[RegionEvent]) -> None:
    """Store the newest facts of regions. Saying it twice changes nothing."""
    await _keep_newest(session, KnownRegion, "code", heard)


async def keep_clusters(session: AsyncSession, heard: Sequence[ClusterEvent]) -> None:
    """Store the newest facts of clusters. Saying it twice changes nothing."""
    await _keep_newest(session, KnownCluster, "cluster_id", heard)


async def _keep_newest(
    session: AsyncSession, model: type[SQLModel], key: str, heard: Sequence[Event]
) -> None:
    table: Table = model.__table__  # type: ignore[attr-defined]
    names = [column.name for column in table.columns]
    rows = [event.model_dump(include=set(names)) for event in _newest(heard)]
    statement = upsert(table).values(rows)
    await session.exec(
        statement.on_conflict_do_update(
            index_elements=[key],
            set_={name: statement.excluded[name] for name in names if name != key},
            where=table.c.version < statement.excluded.version,
        )
    )
