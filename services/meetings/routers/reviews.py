"""A protocol's review over HTTP: approvers in their order, remarks of participants."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.meetings.domain.protocols import ProtocolStatus
from services.meetings.domain.reviews import RemarkDecision
from services.meetings.models import Protocol, Remark
from services.meetings.repository import protocols
from services.meetings.repository import reviews as repository
from services.meetings.schemas.protocols import ProtocolRead
from services.meetings.schemas.reviews import (
    ApproverRead,
    ApproversWrite,
    DecisionRead,
    RemarkAnswer,
    RemarkList,
    RemarkRead,
    RemarksDecline,
    RemarkWrite,
    ReviewOpen,
    ReviewRead,
    ReviewReason,
)
from services.meetings.service import reviews as service
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.versions import ExpectedVersion, RequiredVersion, tag

router = APIRouter(prefix="/v1/protocols", tags=["reviews"])

_PROBLEMS = problems(401, 403, 404, 409, 412, 422)


@router.get(
    "/{protocol_id}/review",
    responses=problems(401, 403, 404, 422),
    summary="Ход согласования",
)
async def read_review(
    actor: Acting, protocol_id: UUID, session: Session, response: Response
) -> ReviewRead:
    """Цепочка согласующих, чьего решения ждут, сколько замечаний и что решали раньше."""
    protocol = await protocols.get_protocol(session, protocol_id)
    approved = await repository.approved_positions(session, protocol)
    approvers = [
        ApproverRead(
            position=one.position,
            role=one.role,
            subject=one.subject,
            approved=one.position in approved,
        )
        for one in await repository.list_approvers(session, protocol_id)
    ]
    waits = protocol.status is ProtocolStatus.IN_REVIEW
    tag(response, protocol.version)
    return ReviewRead(
        protocol_id=protocol_id,
        status=protocol.status,
        round=protocol.review_round,
        remarks_until=protocol.remarks_until,
        approvers=approvers,
        awaited=next((one.position for one in approvers if waits and not one.approved), None),
        remarks=await repository.count_remarks(session, protocol_id),
        remarks_undecided=await repository.count_remarks(session, protocol_id, undecided=True),
        decisions=[
            DecisionRead.model_validate(one)
            for one in await repository.list_decisions(session, protocol_id)
        ],
    )


@router.put(
    "/{protocol_id}/approvers",
    response_model=ProtocolRead,
    responses=_PROBLEMS,
    summary="Назначить согласующих",
)
async def set_approvers(
    actor: Acting,
    protocol_id: UUID,
    wanted: ApproversWrite,
    session: Session,
    response: Response,
    expected: ExpectedVersion,
) -> Protocol:
    """До трёх ролей или людей по порядку; без них утверждает администратор ЦУР один."""
    protocol = await service.set_approvers(
        session, protocol_id, wanted.approvers, expected_version=expected
    )
    tag(response, protocol.version)
    return protocol


@router.post(
    "/{protocol_id}/review",
    response_model=ProtocolRead,
    responses=_PROBLEMS,
    summary="Отправить на согласование",
)
async def open_review(
    actor: Acting,
    protocol_id: UUID,
    wanted: ReviewOpen,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> Protocol:
    """До срока участники шлют замечания, и секретарь правит; затем решают согласующие."""
    protocol = await service.open_review(
        session,
        protocol_id,
        remarks_until=wanted.remarks_until,
        now=now,
        expected_version=expected,
    )
    tag(response, protocol.version)
    return protocol


@router.post(
    "/{protocol_id}/approve",
    response_model=ProtocolRead,
    responses=problems(401, 403, 404, 409, 412, 422, 428),
    summary="Утвердить протокол",
)
async def approve_protocol(
    actor: Acting,
    protocol_id: UUID,
    session: Session,
    now: Now,
    response: Response,
    expected: RequiredVersion,
) -> Protocol:
    """Согласие в свою очередь; последнее даёт номер, дату и хеш, и протокол неизменен.

    Без назначенных согласующих администратор ЦУР утверждает черновик сразу. Пункты утверждённого
    протокола становятся поручениями. Утверждают прочитанное: If-Match обязателен, без него 428.
    """
    protocol = await service.approve(
        session, protocol_id, actor, now=now, expected_version=expected
    )
    tag(response, protocol.version)
    return protocol


@router.post(
    "/{protocol_id}/return",
    response_model=ProtocolRead,
    responses=_PROBLEMS,
    summary="Вернуть на доработку",
)
async def return_protocol(
    actor: Acting,
    protocol_id: UUID,
    wanted: ReviewReason,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> Protocol:
    """Согласующий возвращает черновик с причиной; согласование потом начинается сначала."""
    protocol = await service.send_back(
        session, protocol_id, actor, wanted.reason, now=now, expected_version=expected
    )
    tag(response, protocol.version)
    return protocol


@router.post(
    "/{protocol_id}/recall",
    response_model=ProtocolRead,
    responses=_PROBLEMS,
    summary="Отозвать с согласования",
)
async def recall_protocol(
    actor: Acting,
    protocol_id: UUID,
    wanted: ReviewReason,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> Protocol:
    """Секретарь забирает протокол обратно в черновики, например чтобы сменить согласующих."""
    protocol = await service.recall(
        session, protocol_id, actor, wanted.reason, now=now, expected_version=expected
    )
    tag(response, protocol.version)
    return protocol


@router.post(
    "/{protocol_id}/remarks",
    status_code=201,
    response_model=RemarkRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Прислать замечание",
)
async def remark_protocol(
    actor: Acting,
    protocol_id: UUID,
    wanted: RemarkWrite,
    session: Session,
    now: Now,
    once: Idempotent,
) -> Response:
    """Замечание участника, пока протокол на согласовании и срок замечаний не прошёл.

    От одного автора — не больше 20, от одного региона — 40, всего к протоколу — 500; дальше
    409 `too_many_remarks` называет, какой из пределов исчерпан.
    """
    return await once(
        actor.id,
        lambda: service.remark(session, protocol_id, wanted, actor, now=now),
        answer=RemarkRead,
    )


@router.get(
    "/{protocol_id}/remarks",
    responses=problems(401, 403, 404, 422),
    summary="Замечания к протоколу",
)
async def list_remarks(actor: Acting, protocol_id: UUID, session: Session) -> RemarkList:
    """Замечания и ответы на них; участник видит свои."""
    await protocols.get_protocol(session, protocol_id)
    mine = None if actor.reaches_all else actor.id
    rows = await repository.list_remarks(session, protocol_id, made_by=mine)
    return RemarkList(items=[RemarkRead.model_validate(row) for row in rows])


@router.post(
    "/{protocol_id}/remarks/decline",
    responses=problems(401, 403, 404, 409, 422),
    summary="Отклонить замечания разом",
)
async def decline_remarks(
    actor: Acting, protocol_id: UUID, wanted: RemarksDecline, session: Session, now: Now
) -> RemarkList:
    """Названные замечания, до 500, с одной причиной; если одно уже рассмотрено — ни одного."""
    found = await service.decline_remarks(
        session, protocol_id, wanted.remarks, wanted.reason, actor, now=now
    )
    return RemarkList(items=[RemarkRead.model_validate(row) for row in found])


@router.post(
    "/{protocol_id}/remarks/{remark_id}/accept",
    response_model=RemarkRead,
    responses=_PROBLEMS,
    summary="Принять замечание",
)
async def accept_remark(
    actor: Acting,
    protocol_id: UUID,
    remark_id: UUID,
    wanted: RemarkAnswer,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> Remark:
    """Замечание учтут: сам пункт правит секретарь, пока никто ещё не согласовал."""
    remark = await service.answer_remark(
        session,
        protocol_id,
        remark_id,
        RemarkDecision.ACCEPTED,
        wanted.reason,
        actor,
        now=now,
        expected_version=expected,
    )
    tag(response, remark.version)
    return remark


@router.post(
    "/{protocol_id}/remarks/{remark_id}/decline",
    response_model=RemarkRead,
    responses=_PROBLEMS,
    summary="Отклонить замечание",
)
async def decline_remark(
    actor: Acting,
    protocol_id: UUID,
    remark_id: UUID,
    wanted: RemarkAnswer,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> Remark:
    """Замечание не учтут, с указанием причины."""
    remark = await service.answer_remark(
        session,
        protocol_id,
        remark_id,
        RemarkDecision.DECLINED,
        wanted.reason,
        actor,
        now=now,
        expected_version=expected,
    )
    tag(response, remark.version)
    return remark
