"""Mentorships over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.directory.domain.mentorships import status_of
from services.directory.models import Mentorship
from services.directory.routers.paging import ById
from services.directory.schemas.practices import (
    MentorshipCreate,
    MentorshipPage,
    MentorshipRead,
    Outcome,
)
from services.directory.service import mentorships as service
from services.directory.service.associated import rows_of
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.text import Code
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1/associations/{code}/mentorships", tags=["mentorships"])


def _read(row: Mentorship) -> MentorshipRead:
    status = status_of(row.completed_on, row.confirmed_on)
    return MentorshipRead.model_validate(row.model_dump() | {"status": status})


@router.post(
    "",
    status_code=201,
    response_model=MentorshipRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Договориться о наставничестве",
)
async def create_mentorship(
    actor: Acting, code: Code, wanted: MentorshipCreate, session: Session, once: Idempotent
) -> Response:
    """Кластер передаёт опыт другому кластеру своей отрасли."""

    async def agree() -> MentorshipRead:
        return _read(await service.agree(session, code, wanted, actor))

    return await once(actor.id, agree, answer=MentorshipRead)


@router.get("", responses=problems(401, 403, 404, 422), summary="Наставничества")
async def list_mentorships(
    actor: Acting,
    code: Code,
    session: Session,
    paging: ById,
    from_cluster_id: UUID | None = None,
    to_cluster_id: UUID | None = None,
) -> MentorshipPage:
    """Кто кому передаёт опыт, с чем и с каким итогом."""
    rows = await rows_of(
        session,
        Mentorship,
        code,
        actor,
        after=paging.after,
        limit=paging.fetch,
        from_cluster_id=from_cluster_id,
        to_cluster_id=to_cluster_id,
    )
    page, following = paging.page(rows)
    return MentorshipPage(items=[_read(row) for row in page], next_cursor=following)


@router.post(
    "/{mentorship_id}/complete",
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Назвать итог наставничества",
)
async def complete_mentorship(
    actor: Acting,
    code: Code,
    mentorship_id: UUID,
    wanted: Outcome,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> MentorshipRead:
    """Итог называет наставник или ассоциация; дальше слово за принимающим кластером."""
    found = await service.complete(
        session,
        code,
        mentorship_id,
        wanted.outcome,
        actor,
        now=now,
        expected_version=expected_version,
    )
    tag(response, found.version)
    return _read(found)


@router.post(
    "/{mentorship_id}/confirm",
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Подтвердить итог",
)
async def confirm_mentorship(
    actor: Acting,
    code: Code,
    mentorship_id: UUID,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> MentorshipRead:
    """Принимающий кластер подтверждает, что опыт перенят. За него этого не скажет никто."""
    found = await service.confirm(
        session, code, mentorship_id, actor, now=now, expected_version=expected_version
    )
    tag(response, found.version)
    return _read(found)
