"""Open, approve and verify protocols."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.meetings import MeetingStatus
from services.meetings.domain.protocols import (
    MeetingCancelled,
    MeetingClosed,
    ProtocolAlreadyApproved,
    ProtocolExists,
    ProtocolNotApproved,
    ProtocolStatus,
    UnknownMeeting,
    check_approvable,
)
from services.meetings.domain.sealing import content_hash
from services.meetings.models import Protocol, ProtocolItem
from services.meetings.repository import items as item_repository
from services.meetings.repository import meetings, rows
from services.meetings.repository import protocols as repository
from services.meetings.service import meetings as meeting_service
from services.meetings.service.items import item_content, meeting_content
from shared import outbox
from shared.clock import MOSCOW
from shared.errors import expect_version
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
    meeting = await meetings.get_meeting(session, protocol.meeting_id)
    items = await item_repository.list_items(session, protocol_id)
    content = [item_content(item) for item in items]
    signed_on = now.astimezone(MOSCOW).date()
    check_approvable(meeting.status, content, signed_on=signed_on)
    # Last, because whoever approves next this year waits from here until we commit.
    number = await repository.take_number(session, signed_on.year)

    protocol.status = ProtocolStatus.APPROVED
    protocol.content_hash = content_hash(meeting_content(meeting), content)
    protocol.signed_on = signed_on
    protocol.approved_at = now
    protocol.year = signed_on.year
    protocol.number = number
    protocol.version += 1
    await rows.add(session, protocol)
    await meeting_service.protocol_approved(session, meeting.id, now=now)
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
    meeting = await meetings.get_meeting(session, protocol.meeting_id)
    items = await item_repository.list_items(session, protocol_id)
    computed = content_hash(meeting_content(meeting), [item_content(item) for item in items])
    return Verdict(protocol.id, protocol.content_hash, computed)
