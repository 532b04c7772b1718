"""Write a draft's items, and see whom they would reach."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.agendas import UnknownAgendaItem
from services.meetings.domain.items import (
    Reach,
    UnknownCluster,
    UnknownIndustry,
    UnknownRegion,
    check_shape,
    reach,
)
from services.meetings.domain.protocols import (
    ItemSuperseded,
    ProtocolImmutable,
    ProtocolStatus,
    SupersedesNothing,
)
from services.meetings.domain.reviews import ProtocolInReview
from services.meetings.domain.sealing import ItemContent, MeetingContent, check_size
from services.meetings.models import Meeting, Protocol, ProtocolItem
from services.meetings.repository import (
    agendas,
    directory,
    meetings,
    protocols,
    reviews,
    rows,
)
from services.meetings.repository import items as repository
from services.meetings.schemas.items import ItemWrite
from shared.errors import expect_version
from shared.events.meetings import Addressees, Control
from shared.ids import new_id
from shared.workdays import OutOfCalendar, is_beyond_calendar

_SHOWN: Final = 5


async def editable(
    session: AsyncSession, protocol_id: UUID, expected_version: int | None
) -> Protocol:
    """The protocol, locked, where it can still be written; in review, until somebody approves.

    Raises `ProtocolNotFound`, `ProtocolImmutable`, `ProtocolInReview`, `VersionMismatch`.
    """
    protocol = await protocols.get_protocol(session, protocol_id, for_update=True)
    if protocol.status is ProtocolStatus.APPROVED:
        raise ProtocolImmutable(
            "Протокол утверждён и не меняется. Исправление — дополнение к нему."
        )
    expect_version(protocol.version, expected_version)
    in_review = protocol.status is ProtocolStatus.IN_REVIEW
    if in_review and await reviews.approved_positions(session, protocol):
        raise ProtocolInReview("Протокол уже согласован не последним согласующим и не меняется.")
    return protocol


async def add_item(
    session: AsyncSession,
    protocol_id: UUID,
    wanted: ItemWrite,
    *,
    expected_version: int | None = None,
) -> ProtocolItem:
    """Put an item at the end of the draft.

    Raises `ProtocolTooLarge`, and what `editable`, `_check_item` and `_check_superseded` raise.
    """
    protocol = await editable(session, protocol_id, expected_version)
    addressees = await _check_item(session, protocol, wanted)
    items = await repository.list_items(session, protocol_id)
    await _check_superseded(session, protocol, wanted.supersedes, by=None)
    item = ProtocolItem(
        id=new_id(), protocol_id=protocol_id, position=len(items) + 1, **_values(wanted, addressees)
    )
    await _check_size(session, protocol, [*items, item])
    protocol.version += 1
    await rows.add(session, item)
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
    protocol = await editable(session, protocol_id, expected_version)
    item = await repository.get_item(session, protocol_id, item_id)
    addressees = await _check_item(session, protocol, wanted)
    await _check_superseded(session, protocol, wanted.supersedes, by=item.id)
    for name, value in _values(wanted, addressees).items():
        setattr(item, name, value)
    await _check_size(session, protocol, await repository.list_items(session, protocol_id))
    protocol.version += 1
    await rows.add(session, item)
    return protocol, item


async def remove_item(
    session: AsyncSession,
    protocol_id: UUID,
    item_id: UUID,
    *,
    expected_version: int | None = None,
) -> None:
    """Take the item out; those that follow move up.

    Raises `ProtocolItemNotFound`, and what `editable` raises.
    """
    protocol = await editable(session, protocol_id, expected_version)
    item = await repository.get_item(session, protocol_id, item_id)
    await repository.remove_item(session, item)
    protocol.version += 1
    await rows.add(session, protocol)


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
    `OutOfCalendar`, `UnknownRegion`, `UnknownIndustry`, `UnknownCluster`, `UnknownAgendaItem`.
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
    if wanted.due_on is not None and is_beyond_calendar(wanted.due_on):
        raise OutOfCalendar(wanted.due_on, field="body.due_on")
    regions = await directory.unknown_regions(session, addressees.regions)
    if regions:
        raise UnknownRegion(
            f"Неизвестные регионы: {_shown(regions)}. Справочник приходит с задержкой до"
            " нескольких секунд: если регион внесён только что, повторите запрос.",
            field="body.addressees.regions",
        )
    industries = await directory.unknown_industries(session, addressees.industries)
    if industries:
        raise UnknownIndustry(
            f"Нет ни одного кластера отраслей: {_shown(industries)}. Справочник приходит с"
            " задержкой до нескольких секунд: если кластер создан только что, повторите запрос.",
            field="body.addressees.industries",
        )
    for named, field in (
        (addressees.clusters, "body.addressees.clusters"),
        (control.co_executors, "body.control.co_executors"),
    ):
        clusters = await directory.unknown_clusters(session, named)
        if clusters:
            raise UnknownCluster(
                f"Неизвестные кластеры: {_shown(clusters)}. Справочник приходит с задержкой до"
                " нескольких секунд: если кластер создан только что, повторите запрос.",
                field=field,
            )
    question = wanted.agenda_item_id
    if question and not await agendas.has_agenda_item(session, protocol.meeting_id, question):
        raise UnknownAgendaItem(
            "В повестке этого совещания нет такого вопроса.", field="body.agenda_item_id"
        )
    return addressees


async def _check_superseded(
    session: AsyncSession, protocol: Protocol, superseded: UUID | None, *, by: UUID | None
) -> None:
    """Whether the addendum's item `by` (a new one if None) may take that item's place.

    Raises `SupersedesNothing`, `ItemSuperseded`.
    """
    if superseded is None:
        return
    if protocol.corrects is None:
        raise SupersedesNothing(
            "Заменить пункт может только дополнение к протоколу.", field="body.supersedes"
        )
    # Addenda of one protocol wait here for each other, so an item has one successor.
    await protocols.get_protocol(session, protocol.corrects, for_update=True)
    if await repository.find_standing(session, protocol.corrects, superseded) is None:
        raise SupersedesNothing(
            "Такого пункта нет ни в исправляемом протоколе, ни в утверждённых дополнениях к нему.",
            field="body.supersedes",
        )
    successor = await repository.successor_of(session, superseded)
    if successor is not None and successor.id != by:
        raise ItemSuperseded("Этот пункт уже заменяет другой.", field="body.supersedes")


def _shown(unknown: Sequence[object]) -> str:
    names = ", ".join(str(name) for name in unknown[:_SHOWN])
    more = len(unknown) - _SHOWN
    return f"{names} и ещё {more}" if more > 0 else names


async def _check_size(
    session: AsyncSession, protocol: Protocol, items: Sequence[ProtocolItem]
) -> None:
    meeting = await meetings.get_meeting(session, protocol.meeting_id)
    check_size(meeting_content(meeting), [item_content(item) for item in items])


def meeting_content(meeting: Meeting) -> MeetingContent:
    return MeetingContent(
        id=meeting.id,
        title=meeting.title,
        series=meeting.series,
        starts_at=meeting.starts_at,
        duration_minutes=meeting.duration_minutes,
        place=meeting.place,
    )


def item_content(item: ProtocolItem) -> ItemContent:
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
        supersedes=item.supersedes,
    )


async def preview(session: AsyncSession, protocol_id: UUID) -> Sequence[tuple[ProtocolItem, Reach]]:
    """Each item with how many it would reach, by our copy of the directory.

    Raises `ProtocolNotFound`.
    """
    await protocols.get_protocol(session, protocol_id)
    items = await repository.list_items(session, protocol_id)
    clusters = await directory.list_addressable(session)
    regions = await directory.list_regions(session)
    return [
        (item, reach(Addressees.model_validate(item.addressees), clusters, regions))
        for item in items
    ]
