"""Open, head, seal and verify protocols and their addenda."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.meetings import MeetingStatus
from services.meetings.domain.participation import PRESENT
from services.meetings.domain.protocols import (
    CorrectsADraft,
    CorrectsAnAddendum,
    MeetingCancelled,
    MeetingClosed,
    NobodyMarked,
    ProtocolExists,
    ProtocolNotApproved,
    ProtocolStatus,
    UnknownMeeting,
    check_approvable,
)
from services.meetings.domain.sealing import Heading, ItemContent, content_hash
from services.meetings.domain.wording import present_in_words
from services.meetings.models import Meeting, Protocol, ProtocolItem
from services.meetings.repository import directory, meetings, rows
from services.meetings.repository import items as item_repository
from services.meetings.repository import participation as participations
from services.meetings.repository import protocols as repository
from services.meetings.schemas.protocols import HeaderWrite
from services.meetings.service import meetings as meeting_service
from services.meetings.service import participation
from services.meetings.service.items import editable, item_content, meeting_content
from shared import outbox
from shared.clock import MOSCOW
from shared.events import meetings as facts
from shared.events.meetings import ProtocolApproved
from shared.ids import new_id


@dataclass(frozen=True, slots=True)
class Verdict:
    """What recomputing a protocol's hash has shown."""

    protocol_id: UUID
    content_hash: str
    computed_hash: str

    @property
    def matches(self) -> bool:
        return self.content_hash == self.computed_hash


async def create_protocol(session: AsyncSession, meeting_id: UUID, *, now: datetime) -> Protocol:
    """Open the meeting's one protocol, as a draft.

    Raises `UnknownMeeting`, `MeetingCancelled`, `MeetingClosed`, `ProtocolExists`.
    """
    meeting = await meetings.find_meeting(session, meeting_id, for_update=True)
    if meeting is None:
        raise UnknownMeeting("Такого совещания нет.", field="body.meeting_id")
    if meeting.status is MeetingStatus.CANCELLED:
        raise MeetingCancelled("У отменённого совещания не бывает протокола.")
    protocol = Protocol(
        id=new_id(), meeting_id=meeting_id, status=ProtocolStatus.DRAFT, created_at=now
    )
    if not await repository.add_protocol(session, protocol):
        raise ProtocolExists("У совещания может быть только один протокол.")
    if meeting.status is MeetingStatus.CLOSED:
        raise MeetingClosed("Совещание закрыто без протокола: оно ничего не решило.")
    await meeting_service.protocol_opened(session, meeting, now=now)
    return protocol


async def create_addendum(session: AsyncSession, protocol_id: UUID, *, now: datetime) -> Protocol:
    """Open a correction of the approved protocol: a draft of the same meeting.

    Raises `ProtocolNotFound`, `CorrectsADraft`, `CorrectsAnAddendum`.
    """
    corrected = await repository.get_protocol(session, protocol_id)
    if corrected.corrects is not None:
        raise CorrectsAnAddendum("Составьте дополнение к самому протоколу, а не к дополнению.")
    if corrected.status is not ProtocolStatus.APPROVED:
        raise CorrectsADraft("Протокол ещё не утверждён: исправьте его самого.")
    addendum = Protocol(
        id=new_id(),
        meeting_id=corrected.meeting_id,
        corrects=corrected.id,
        status=ProtocolStatus.DRAFT,
        created_at=now,
    )
    await rows.add(session, addendum)
    return addendum


async def head_protocol(
    session: AsyncSession,
    protocol_id: UUID,
    wanted: HeaderWrite,
    *,
    expected_version: int | None = None,
) -> Protocol:
    """Say who chaired, who wrote it down and who was there. Raises what `editable` raises."""
    protocol = await editable(session, protocol_id, expected_version)
    protocol.header = wanted.model_dump(mode="json", exclude_defaults=True)
    protocol.version += 1
    await rows.add(session, protocol)
    return protocol


async def head_from_attendance(
    session: AsyncSession, protocol_id: UUID, *, expected_version: int | None = None
) -> Protocol:
    """Say who was there by what has been marked: a line per region.

    Raises `NobodyMarked`, and what `editable` raises.
    """
    protocol = await editable(session, protocol_id, expected_version)
    meeting = await meetings.get_meeting(session, protocol.meeting_id)
    known = await participations.list_participations(session, meeting.id)
    names = await directory.region_names(session)
    there = [
        (one, (row := known.get(one.id)) is not None and row.attendance in PRESENT)
        for one in await participation.expected(session, meeting)
    ]
    lines = present_in_words([(one.region, one.kind, came) for one, came in there], names)
    if not lines:
        raise NobodyMarked("Присутствие на этом совещании ещё не отмечено.")
    protocol.header = {**protocol.header, "present": lines}
    protocol.version += 1
    await rows.add(session, protocol)
    return protocol


async def read_for_sealing(
    session: AsyncSession, protocol: Protocol
) -> tuple[Meeting, Sequence[ProtocolItem], list[ItemContent]]:
    """The meeting, the items and what they say."""
    meeting = await meetings.get_meeting(session, protocol.meeting_id)
    items = await item_repository.list_items(session, protocol.id)
    return meeting, items, [item_content(item) for item in items]


async def check_signable(
    session: AsyncSession, meeting: Meeting, content: Sequence[ItemContent], *, signed_on: date
) -> None:
    """Whether the draft may be signed on the date. Raises what `check_approvable` raises."""
    at_work = await directory.list_addressable(session)
    check_approvable(meeting.status, content, signed_on=signed_on, at_work=at_work)


async def seal(session: AsyncSession, protocol: Protocol, *, now: datetime) -> Protocol:
    """Sign the draft: number, date, hash; from here on the database refuses any change.

    The number is the next of the Moscow year, without a gap; an addendum bears its protocol's,
    and the next among its addenda. Raises what `check_approvable` raises.
    """
    meeting, items, content = await read_for_sealing(session, protocol)
    signed_on = now.astimezone(MOSCOW).date()
    await check_signable(session, meeting, content, signed_on=signed_on)
    # Last, because whoever approves next this year waits from here until we commit.
    year, number, addendum = await _take_number(session, protocol, signed_on.year)
    protocol.status = ProtocolStatus.APPROVED
    protocol.content_hash = content_hash(meeting_content(meeting), content, heading(protocol))
    protocol.signed_on = signed_on
    protocol.approved_at = now
    protocol.year, protocol.number, protocol.addendum = year, number, addendum
    protocol.version += 1
    await rows.add(session, protocol)
    if protocol.corrects is None:
        await meeting_service.protocol_approved(session, meeting.id, now=now)
    await outbox.add(session, [_approved(protocol, items, now=now)])
    return protocol


async def _take_number(
    session: AsyncSession, protocol: Protocol, year: int
) -> tuple[int, int, int]:
    """The year, the number in it, and the addendum's own."""
    if protocol.corrects is None:
        return year, await repository.take_number(session, year), 0
    corrected = await repository.get_protocol(session, protocol.corrects, for_update=True)
    assert corrected.year is not None, "only what is approved is corrected"
    assert corrected.number is not None, "only what is approved is corrected"
    addendum = await repository.last_addendum(session, corrected.id) + 1
    return corrected.year, corrected.number, addendum


def heading(protocol: Protocol) -> Heading:
    return Heading(header=protocol.header, corrects=protocol.corrects)


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
    meeting, _, content = await read_for_sealing(session, protocol)
    computed = content_hash(meeting_content(meeting), content, heading(protocol))
    return Verdict(protocol.id, protocol.content_hash, computed)
