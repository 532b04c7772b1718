"""The control policy and deadlines over HTTP."""

from fastapi import APIRouter, Response

from services.assignments.domain.deadlines import end_of, resolve
from services.assignments.repository import policies as repository
from services.assignments.repository.directory import timezone_of
from services.assignments.schemas.policies import (
    DeadlineQuery,
    DeadlineRead,
    PolicyCreate,
    PolicyList,
    PolicyRead,
)
from services.assignments.service import policies as service
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems

router = APIRouter(prefix="/v1", tags=["policies"])


@router.get("/policies", responses=problems(401, 403), summary="Политики контроля")
async def list_policies(actor: Acting, session: Session) -> PolicyList:
    """Все версии: сроки, нормы рассмотрения, лестница напоминаний."""
    rows = await repository.list_policies(session)
    return PolicyList(items=[PolicyRead.model_validate(row) for row in rows])


@router.post(
    "/policies",
    status_code=201,
    response_model=PolicyRead,
    responses=problems(401, 403, 422),
    summary="Принять новую политику",
)
async def create_policy(
    actor: Acting, wanted: PolicyCreate, session: Session, now: Now, once: Idempotent
) -> Response:
    """Новая версия действует с названной даты; выданное раньше живёт по своей."""
    return await once(
        actor.id,
        lambda: service.adopt(
            session,
            wanted.document,
            effective_from=wanted.effective_from,
            note=wanted.note,
            by=actor.id,
            now=now,
        ),
        answer=PolicyRead,
    )


@router.post(
    "/deadlines/resolve",
    responses=problems(401, 403, 404, 422),
    summary="Рассчитать срок",
)
async def resolve_deadline(actor: Acting, wanted: DeadlineQuery, session: Session) -> DeadlineRead:
    """Какой датой станет срок и почему: по политике, действовавшей в день подписания."""
    version, policy = await repository.policy_at(session, wanted.signed_on)
    found = resolve(
        wanted.term, signed_on=wanted.signed_on, policy=policy, on=wanted.on, day=wanted.day
    )
    zone = await timezone_of(session, wanted.region) if wanted.region else None
    why = list(found.why)
    ends_at = None
    if zone is not None:
        ends_at = end_of(found.due, zone)
        why.append(f"День кончается по времени региона ({zone}): {ends_at:%d.%m.%Y %H:%M} UTC.")
    return DeadlineRead(
        due=found.due,
        nominal=found.nominal,
        policy_version=version,
        ends_at=ends_at,
        timezone=zone,
        why=why,
    )
