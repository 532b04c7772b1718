"""What the meetings service can do: load, decide, change, tell. The caller's edge commits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings import repository
from services.meetings.domain import (
    MAX_AGENDA_ITEMS,
    AgendaClosed,
    AgendaFull,
    ItemContent,
    MeetingCancelled,
    MeetingCommand,
    MeetingContent,
    MeetingStatus,
    ProtocolAlreadyApproved,
    ProtocolExists,
    ProtocolImmutable,
    ProtocolNotApproved,
    ProtocolStatus,
    Reach,
    UnknownAgendaItem,
    UnknownCluster,
    UnknownMeeting,
    UnknownRegion,
    check_approvable,
    check_shape,
    check_size,
    content_hash,
    next_status,
    reach,
)
from services.meetings.models import AgendaItem, Meeting, Protocol, ProtocolItem
from services.meetings.schemas import AgendaItemCreate, ItemWrite, MeetingCreate
from shared import outbox
from shared.clock import MOSCOW
from shared.errors import expect_version
from shared.events import meetings as facts
from shared.events.meetings import Addressees, Control, ProtocolApproved
from shared.ids import new_id

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What recomputing a protocol's hash has shown."""

    protocol_id: UUID
    content_hash: str
    computed_hash: str

    @property
    def matches(self) -> bool:
        return self.content_hash == self.computed_hash


async def create_meeting(session: AsyncSession, wanted: MeetingCreate, *, now: datetime) -> Meeting:
    """Schedule a meeting."""
    meeting = Meeting(
        id=new_id(), status=MeetingStatus.SCHEDULED, created_at=now, **wanted.model_dump()
    )
    await repository.add(session, meeting)
    return meeting


async def add_agenda_item(
    session: AsyncSession, meeting_id: UUID, wanted: AgendaItemCreate
) -> AgendaItem:
    """Put a question at the end of the agenda.

    Raises `MeetingNotFound`, `AgendaClosed`, `AgendaFull`.
    """
    meeting = await repository.get_meeting(session, meeting_id, for_update=True)
    if meeting.status is not MeetingStatus.SCHEDULED:
        raise AgendaClosed("Повестка меняется только до проведения или отмены совещания.")
    position = len(await repository.list_agenda(session, meeting_id)) + 1
    if position > MAX_AGENDA_ITEMS:
        raise AgendaFull(f"В повестке может быть не больше {MAX_AGENDA_ITEMS} вопросов.")
    item = AgendaItem(id=new_id(), meeting_id=meeting_id, position=position, **wanted.model_dump())
    meeting.version += 1
    await repository.add(session, item)
    return item


async def change_meeting(
    session: AsyncSession,
    meeting_id: UUID,
    command: MeetingCommand,
    *,
    now: datetime,
    reason: str | None = None,
    expected_version: int | None = None,
) -> Meeting:
    """Hold or cancel the meeting; `reason` is why it is cancelled.

    Raises `MeetingNotFound`, `VersionMismatch`, `MeetingActionNotAllowed`, `MeetingNotStarted`.
    """
    meeting = await repository.get_meeting(session, meeting_id, for_update=True)
    expect_version(meeting.version, expected_version)
    meeting.status = next_status(meeting.status, command, starts_at=meeting.starts_at, now=now)
    match command:
        case MeetingCommand.HOLD:
            meeting.held_at = now
        case MeetingCommand.CANCEL:
            meeting.cancelled_at = now
            meeting.cancel_reason = reason
    meeting.version += 1
    await repository.add(session, meeting)
    return meeting


async def create_protocol(session: AsyncSession, meeting_id: UUID, *, now: datetime) -> Protocol:
    """Open the meeting's one protocol, as a draft.

    Raises `UnknownMeeting`, `MeetingCancelled`, `ProtocolExists`.
    """
    meeting = await repository.find_meeting(session, meeting_id, for_update=True)
    if meeting is None:
        raise UnknownMeeting("Такого совещания нет.", field="body.meeting_id")
    if meeting.status is MeetingStatus.CANCELLED:
        raise MeetingCancelled("У отменённого совещания не бывает протокола.")
    protocol = Protocol(
        id=new_id(), meeting_id=meeting_id, status=ProtocolStatus.DRAFT, created_at=now
    )
    if not await repository.add_protocol(session, protocol):
        raise ProtocolExists("У совещания может быть только один протокол.")
    return protocol


async def _editable(
    session: AsyncSession, protocol_id: UUID, expected_version: int | None
) -> Protocol:
    protocol = await repository.get_protocol(session, protocol_id, for_update=True)
    if protocol.status is ProtocolStatus.APPROVED:
        raise ProtocolImmutable(
            "Протокол утверждён и не меняется. Исправление — пункт следующего протокола."
        )
    expect_version(protocol.version, expected_version)
    return protocol


async def add_item(
    session: AsyncSession,
    protocol_id: UUID,
    wanted: ItemWrite,
    *,
    expected_version: int | None = None,
) -> ProtocolItem:
    """Put an item at the end of the draft.

    Raises `ProtocolNotFound`, `ProtocolImmutable`, `VersionMismatch`, `ProtocolTooLarge`, and
    what `_check_item` raises.
    """
    protocol = await _editable(session, protocol_id, expected_version)
    addressees = await _check_item(session, protocol, wanted)
    items = await repository.list_items(session, protocol_id)
    item = ProtocolItem(
        id=new_id(), protocol_id=protocol_id, position=len(items) + 1, **_values(wanted, addressees)
    )
    await _check_size(session, protocol, [*items, item])
    protocol.version += 1
    await repository.add(session, item)
    return item


async def replace_item(
    session: AsyncSession,
    protocol_id: UUID,
    item_id: UUID,
    wanted: ItemWrite,
    *,
    expected_version: int | None = None,
) -> tuple[Protocol, ProtocolItem]:
    """Let the item say something else, in the same place.

    Raises what `add_item` raises, and `ProtocolItemNotFound`.
    """
    protocol = await _editable(session, protocol_id, expected_version)
    item = await repository.get_item(session, protocol_id, item_id)
    addressees = await _check_item(session, protocol, wanted)
    for name, value in _values(wanted, addressees).items():
        setattr(item, name, value)
    await _check_size(session, protocol, await repository.list_items(session, protocol_id))
    protocol.version += 1
    await repository.add(session, item)
    return protocol, item


async def remove_item(
    session: AsyncSession,
    protocol_id: UUID,
    item_id: UUID,
    *,
    expected_version: int | None = None,
) -> None:
    """Take the item out; those that follow move up.

    Raises `ProtocolNotFound`, `ProtocolItemNotFound`, `ProtocolImmutable`, `VersionMismatch`.
    """
    protocol = await _editable(session, protocol_id, expected_version)
    item = await repository.get_item(session, protocol_id, item_id)
    await repository.remove_item(session, item)
    protocol.version += 1
    await repository.add(session, protocol)


def _values(wanted: ItemWrite, addressees: Addressees) -> dict[str, Any]:
    """The columns an item's writer decides."""
    values = wanted.model_dump(exclude={"addressees", "control"})
    return {
        **values,
        "addressees": addressees.model_dump(mode="json"),
        "control": wanted.control.model_dump(mode="json"),
    }


async def _check_item(session: AsyncSession, protocol: Protocol, wanted: ItemWrite) -> Addressees:
    """The addressees in the form they are stored in: each list sorted, without repetitions.

    Raises `SelectorNotForAuthorities`, `ClosesOnNotForClusters`, `LeadAmbiguous`,
    `UnknownRegion`, `UnknownCluster`, `UnknownAgendaItem`.
    """
    given = wanted.addressees
    addressees = Addressees(
        kind=given.kind,
        clusters=tuple(sorted(set(given.clusters))),
        regions=tuple(sorted(set(given.regions))),
        cohorts=tuple(sorted(set(given.cohorts))),
        industries=tuple(sorted(set(given.industries))),
    )
    control = Control.model_validate(wanted.control.model_dump())
    check_shape(addressees, wanted.closes_on, control)
    regions = await repository.unknown_regions(session, addressees.regions)
    if regions:
        raise UnknownRegion(
            f"Неизвестные регионы: {_shown(regions)}. Справочник приходит с задержкой до"
            " нескольких секунд: если регион внесён только что, повторите запрос.",
            field="body.addressees.regions",
        )
    for named, field in (
        (addressees.clusters, "body.addressees.clusters"),
        (control.co_executors, "body.control.co_executors"),
    ):
        clusters = await repository.unknown_clusters(session, named)
        if clusters:
            raise UnknownCluster(
                f"Неизвестные кластеры: {_shown(clusters)}. Справочник приходит с задержкой до"
                " нескольких секунд: если кластер создан только что, повторите запрос.",
                field=field,
            )
    question = wanted.agenda_item_id
    if question and not await repository.has_agenda_item(session, protocol.meeting_id, question):
        raise UnknownAgendaItem(
            "В повестке этого совещания нет такого вопроса.", field="body.agenda_item_id"
        )
    return addressees


def _shown(unknown: Sequence[object]) -> str:
    names = ", ".join(str(name) for name in unknown[:_SHOWN])
    more = len(unknown) - _SHOWN
    return f"{names} и ещё {more}" if more > 0 else names


async def _check_size(
    session: AsyncSession, protocol: Protocol, items: Sequence[ProtocolItem]
) -> None:
    meeting = await repository.get_meeting(session, protocol.meeting_id)
    check_size(_meeting_content(meeting), [_item_content(item) for item in items])


def _meeting_content(meeting: Meeting) -> MeetingContent:
    return MeetingContent(
        id=meeting.id,
        title=meeting.title,
        series=meeting.series,
        starts_at=meeting.starts_at,
        duration_minutes=meeting.duration_minutes,
        place=meeting.place,
    )


def _item_content(item: ProtocolItem) -> ItemContent:
    return ItemContent(
        id=item.id,
        position=item.position,
        text=item.text,
        priority=item.priority,
        due_on=item.due_on,
        addressees=Addressees.model_validate(item.addressees),
        agenda_item_id=item.agenda_item_id,
        closes_on=item.closes_on,
        control=Control.model_validate(item.control),
    )


async def preview(session: AsyncSession, protocol_id: UUID) -> Sequence[tuple[ProtocolItem, Reach]]:
    """Each item with how many it would reach, by our copy of the directory.

    Raises `ProtocolNotFound`.
    """
    await repository.get_protocol(session, protocol_id)
    items = await repository.list_items(session, protocol_id)
    clusters = await repository.list_addressable(session)
    regions = await repository.list_regions(session)
    return [
        (item, reach(Addressees.model_validate(item.addressees), clusters, regions))
        for item in items
    ]


async def approve_protocol(
    session: AsyncSession,
    protocol_id: UUID,
    *,
    now: datetime,
    expected_version: int | None = None,
) -> Protocol:
    """Sign the draft: number, date, hash; from here on the database refuses any change.

    The number is the next of the Moscow year, without a gap. Raises `ProtocolNotFound`,
    `ProtocolAlreadyApproved`, `VersionMismatch`, `MeetingNotHeld`, `ProtocolEmpty`,
    `DueBeforeSigning`, `SeriesOver`.
    """
    # Said before any lock is waited for: approvals queue for the year's counter.
    await outbox.admit(session, now)
    protocol = await repository.get_protocol(session, protocol_id, for_update=True)
    if protocol.status is ProtocolStatus.APPROVED:
        raise ProtocolAlreadyApproved(
            f"Протокол уже утверждён под номером {protocol.number}/{protocol.year}."
        )
    expect_version(protocol.version, expected_version)
    meeting = await repository.get_meeting(session, protocol.meeting_id)
    items = await repository.list_items(session, protocol_id)
    content = [_item_content(item) for item in items]
    signed_on = now.astimezone(MOSCOW).date()
    check_approvable(meeting.status, content, signed_on=signed_on)
    # Last, because whoever approves next this year waits from here until we commit.
    number = await repository.take_number(session, signed_on.year)

    protocol.status = ProtocolStatus.APPROVED
    protocol.content_hash = content_hash(_meeting_content(meeting), content)
    protocol.signed_on = signed_on
    protocol.approved_at = now
    protocol.year = signed_on.year
    protocol.number = number
    protocol.version += 1
    await repository.add(session, protocol)
    await outbox.add(session, [_approved(protocol, items, now=now)])
    return protocol


def _approved(
    protocol: Protocol, items: Sequence[ProtocolItem], *, now: datetime
) -> ProtocolApproved:
    return ProtocolApproved.model_validate(
        {
            **protocol.model_dump(include=set(ProtocolApproved.model_fields)),
            "protocol_id": protocol.id,
            "occurred_at": now,
            "items": [
                {
                    **item.model_dump(include=set(facts.ProtocolItem.model_fields)),
                    "item_id": item.id,
                }
                for item in items
            ],
        }
    )


async def verify_protocol(session: AsyncSession, protocol_id: UUID) -> Verdict:
    """Recompute the hash from what is stored now.

    Raises `ProtocolNotFound`, `ProtocolNotApproved`.
    """
    protocol = await repository.get_protocol(session, protocol_id)
    if protocol.content_hash is None:
        raise ProtocolNotApproved("У черновика ещё нет хеша: сверять не с чем.")
    meeting = await repository.get_meeting(session, protocol.meeting_id)
    items = await repository.list_items(session, protocol_id)
    computed = content_hash(_meeting_content(meeting), [_item_content(item) for item in items])
    return Verdict(protocol.id, protocol.content_hash, computed)
