"""Put a draft to review, remark on it, answer remarks, approve it or send it back."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.protocols import (
    ProtocolAlreadyApproved,
    ProtocolStatus,
)
from services.meetings.domain.reviews import (
    ALONE,
    ProtocolInReview,
    ProtocolNotInReview,
    RemarkDecided,
    RemarkDecision,
    RemarksWindowClosed,
    ReviewDecision,
    Signatory,
    WindowInPast,
    awaited,
    check_room,
    check_turn,
    check_window,
    is_open,
)
from services.meetings.models import Approver, Decision, Protocol, Remark
from services.meetings.repository import items, protocols, rows
from services.meetings.repository import reviews as repository
from services.meetings.schemas.reviews import ApproverWrite, RemarkWrite
from services.meetings.service import meetings
from services.meetings.service.protocols import check_signable, read_for_sealing, seal
from shared import outbox
from shared.auth import Actor
from shared.clock import MOSCOW
from shared.errors import expect_version
from shared.ids import new_id


async def set_approvers(
    session: AsyncSession,
    protocol_id: UUID,
    wanted: Sequence[ApproverWrite],
    *,
    expected_version: int | None = None,
) -> Protocol:
    """Say who approves the draft and in which order; nobody means ЦУР's administrator alone.

    Raises `ProtocolNotFound`, `ProtocolAlreadyApproved`, `ProtocolInReview`, `VersionMismatch`.
    """
    protocol = await _unapproved(session, protocol_id, expected_version)
    if protocol.status is ProtocolStatus.IN_REVIEW:
        raise ProtocolInReview("Согласующих меняют до согласования: сначала отзовите протокол.")
    await repository.replace_approvers(
        session,
        protocol_id,
        [
            Approver(protocol_id=protocol_id, position=position, **one.model_dump())
            for position, one in enumerate(wanted, 1)
        ],
    )
    protocol.version += 1
    await rows.add(session, protocol)
    return protocol


async def open_review(
    session: AsyncSession,
    protocol_id: UUID,
    *,
    remarks_until: datetime | None,
    now: datetime,
    expected_version: int | None = None,
) -> Protocol:
    """Put the draft to review, with a window for the participants' remarks or without.

    Raises what `set_approvers` raises, `WindowInPast`, and what `check_approvable` raises.
    """
    protocol = await _unapproved(session, protocol_id, expected_version)
    if protocol.status is ProtocolStatus.IN_REVIEW:
        raise ProtocolInReview("Протокол уже на согласовании.")
    if remarks_until is not None and remarks_until <= now:
        raise WindowInPast("Срок замечаний должен быть в будущем.", field="body.remarks_until")
    meeting, _, content = await read_for_sealing(session, protocol)
    await check_signable(session, meeting, content, signed_on=now.astimezone(MOSCOW).date())
    protocol.status = ProtocolStatus.IN_REVIEW
    protocol.review_round += 1
    protocol.remarks_until = remarks_until
    protocol.version += 1
    await rows.add(session, protocol)
    if protocol.corrects is None:
        await meetings.protocol_sent_for_approval(session, meeting.id, now=now)
    return protocol


async def approve(
    session: AsyncSession,
    protocol_id: UUID,
    actor: Actor,
    *,
    now: datetime,
    expected_version: int | None = None,
) -> Protocol:
    """Approve, in one's turn; the last approval seals the protocol.

    Where no chain is set and no review was opened, the one approval is that of ЦУР's
    administrator. Raises `ProtocolNotFound`, `ProtocolAlreadyApproved`, `VersionMismatch`,
    `NotTheApprover`, `ProtocolNotInReview`, `RemarksWindowOpen`, `RemarksUndecided`, and what
    `seal` raises.
    """
    # Said before any lock is waited for: approvals queue for the year's counter.
    await outbox.admit(session, now)
    protocol = await _unapproved(session, protocol_id, expected_version)
    chain = await _chain(session, protocol_id)
    signatory = await _turn(session, protocol, chain, actor)
    alone = protocol.status is ProtocolStatus.DRAFT
    if alone and chain != ALONE:
        raise ProtocolNotInReview("Согласующие назначены: сначала отправьте на согласование.")
    # A recall or a return ends the round; its remarks wait for their answers all the same.
    undecided = await repository.count_remarks(session, protocol_id, undecided=True)
    check_window(protocol.remarks_until, undecided, now=now)
    if alone:
        # A round of its own, of this one decision: the document names who agreed.
        protocol.review_round += 1
    await _decide(session, protocol, signatory.position, ReviewDecision.APPROVED, actor, now=now)
    if signatory == chain[-1]:
        return await seal(session, protocol, now=now)
    meeting, _, content = await read_for_sealing(session, protocol)
    await check_signable(session, meeting, content, signed_on=now.astimezone(MOSCOW).date())
    protocol.version += 1
    await rows.add(session, protocol)
    return protocol


async def send_back(
    session: AsyncSession,
    protocol_id: UUID,
    actor: Actor,
    reason: str,
    *,
    now: datetime,
    expected_version: int | None = None,
) -> Protocol:
    """Return the protocol to its writer, in one's turn and with a reason; the round is over.

    Raises `ProtocolNotFound`, `ProtocolAlreadyApproved`, `VersionMismatch`, `NotTheApprover`,
    `ProtocolNotInReview`.
    """
    protocol = await _reviewed(session, protocol_id, expected_version)
    signatory = await _turn(session, protocol, await _chain(session, protocol_id), actor)
    position, decision = signatory.position, ReviewDecision.RETURNED
    await _decide(session, protocol, position, decision, actor, now=now, reason=reason)
    return await _end_round(session, protocol, now=now)


async def recall(
    session: AsyncSession,
    protocol_id: UUID,
    actor: Actor,
    reason: str,
    *,
    now: datetime,
    expected_version: int | None = None,
) -> Protocol:
    """Take the protocol back from review, with a reason; the round is over.

    Raises `ProtocolNotFound`, `ProtocolAlreadyApproved`, `VersionMismatch`, `ProtocolNotInReview`.
    """
    protocol = await _reviewed(session, protocol_id, expected_version)
    await _decide(session, protocol, None, ReviewDecision.RECALLED, actor, now=now, reason=reason)
    return await _end_round(session, protocol, now=now)


async def remark(
    session: AsyncSession, protocol_id: UUID, wanted: RemarkWrite, actor: Actor, *, now: datetime
) -> Remark:
    """Ask for a change of the protocol in review, while the window for it is open.

    Raises `ProtocolNotFound`, `ProtocolAlreadyApproved`, `ProtocolNotInReview`,
    `RemarksWindowClosed`, `ProtocolItemNotFound`, `TooManyRemarks`.
    """
    protocol = await _reviewed(session, protocol_id, None)
    if not is_open(protocol.remarks_until, now=now):
        raise RemarksWindowClosed("Срок замечаний к этому протоколу не назначен или закончился.")
    if wanted.item_id is not None:
        await items.get_item(session, protocol_id, wanted.item_id)
    region = min(actor.regions, default=None)
    so_far = await repository.remarks_made(session, protocol_id, made_by=actor.id, region=region)
    check_room(so_far, region=region)
    made = Remark(
        id=new_id(),
        protocol_id=protocol_id,
        round=protocol.review_round,
        made_by=actor.id,
        region=region,
        made_at=now,
        **wanted.model_dump(),
    )
    await rows.add(session, made)
    return made


async def answer_remark(
    session: AsyncSession,
    protocol_id: UUID,
    remark_id: UUID,
    decision: RemarkDecision,
    reason: str,
    actor: Actor,
    *,
    now: datetime,
    expected_version: int | None = None,
) -> Remark:
    """Accept or decline the remark, once and with a reason; the change itself is an edit.

    Raises `ProtocolNotFound`, `ProtocolAlreadyApproved`, `RemarkNotFound`, `RemarkDecided`,
    `VersionMismatch`.
    """
    await _unapproved(session, protocol_id, None)
    found = await repository.get_remark(session, protocol_id, remark_id)
    expect_version(found.version, expected_version)
    if found.decision is not None:
        raise RemarkDecided("Это замечание уже рассмотрено.")
    await _answer(session, found, decision, reason, actor, now=now)
    return found


async def decline_remarks(
    session: AsyncSession,
    protocol_id: UUID,
    ids: Collection[UUID],
    reason: str,
    actor: Actor,
    *,
    now: datetime,
) -> Sequence[Remark]:
    """Decline these remarks for one reason: all of them, or where one cannot be, none.

    Raises `ProtocolNotFound`, `ProtocolAlreadyApproved`, `RemarkNotFound`, `RemarkDecided`.
    """
    await _unapproved(session, protocol_id, None)
    found = await repository.get_remarks(session, protocol_id, ids)
    decided = sum(one.decision is not None for one in found)
    if decided:
        raise RemarkDecided(f"Из этих замечаний уже рассмотрено: {decided}.", field="body.remarks")
    for one in found:
        await _answer(session, one, RemarkDecision.DECLINED, reason, actor, now=now)
    return found


async def _answer(
    session: AsyncSession,
    remark: Remark,
    decision: RemarkDecision,
    reason: str,
    actor: Actor,
    *,
    now: datetime,
) -> None:
    remark.decision, remark.reason = decision, reason
    remark.decided_by, remark.decided_at = actor.id, now
    remark.version += 1
    await rows.add(session, remark)


async def _unapproved(
    session: AsyncSession, protocol_id: UUID, expected_version: int | None
) -> Protocol:
    protocol = await protocols.get_protocol(session, protocol_id, for_update=True)
    if protocol.status is ProtocolStatus.APPROVED:
        raise ProtocolAlreadyApproved(f"Протокол уже утверждён под номером {protocol.full_number}.")
    expect_version(protocol.version, expected_version)
    return protocol


async def _reviewed(
    session: AsyncSession, protocol_id: UUID, expected_version: int | None
) -> Protocol:
    protocol = await _unapproved(session, protocol_id, expected_version)
    if protocol.status is not ProtocolStatus.IN_REVIEW:
        raise ProtocolNotInReview("Протокол сейчас не на согласовании.")
    return protocol


async def _chain(session: AsyncSession, protocol_id: UUID) -> Sequence[Signatory]:
    approvers = await repository.list_approvers(session, protocol_id)
    return tuple(Signatory(one.position, one.role, one.subject) for one in approvers) or ALONE


async def _turn(
    session: AsyncSession, protocol: Protocol, chain: Sequence[Signatory], actor: Actor
) -> Signatory:
    """The place in the chain that decides now, held by this actor. Raises `NotTheApprover`."""
    in_review = protocol.status is ProtocolStatus.IN_REVIEW
    approved = await repository.approved_positions(session, protocol) if in_review else ()
    signatory = awaited(chain, approved)
    check_turn(signatory, subject=actor.id, roles=actor.roles)
    return signatory


async def _decide(
    session: AsyncSession,
    protocol: Protocol,
    position: int | None,
    decision: ReviewDecision,
    actor: Actor,
    *,
    now: datetime,
    reason: str | None = None,
) -> None:
    made = Decision(
        id=new_id(),
        protocol_id=protocol.id,
        round=protocol.review_round,
        position=position,
        decision=decision,
        by=actor.id,
        reason=reason,
        at=now,
    )
    await rows.add(session, made)


async def _end_round(session: AsyncSession, protocol: Protocol, *, now: datetime) -> Protocol:
    protocol.status = ProtocolStatus.DRAFT
    protocol.remarks_until = None
    protocol.version += 1
    await rows.add(session, protocol)
    if protocol.corrects is None:
        await meetings.protocol_taken_back(session, protocol.meeting_id, now=now)
    return protocol
