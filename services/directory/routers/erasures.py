"""What is held about one person, and their erasure, over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.personal import REGISTER
from services.directory.models import Base, Erasure
from services.directory.repository import erasures as repository
from services.directory.repository import people
from services.directory.schemas.erasures import ErasureCreate, ErasureRead
from services.directory.service import erasures as service
from shared.clients.directory import KnownPerson
from shared.clock import Now
from shared.db import Session
from shared.dossier_router import dossier_router
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.personal import pseudonym
from shared.problems import problems


async def _person(_: Request, session: AsyncSession, person_id: UUID) -> KnownPerson:
    found = await people.get_person(session, person_id)
    return KnownPerson(full_name=found.full_name, email=found.email, phone=found.phone)


router = dossier_router("directory", REGISTER, Base.metadata, whoever=_person)
of_people = APIRouter(prefix="/v1/people/{person_id}/erasure", tags=["people"])


@of_people.post(
    "",
    status_code=201,
    response_model=ErasureRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Обезличить человека",
)
async def erase_person(
    actor: Acting,
    person_id: UUID,
    wanted: ErasureCreate,
    session: Session,
    now: Now,
    once: Idempotent,
) -> Response:
    """Имя заменяется псевдонимом, контакты стираются — здесь и у сервисов, где есть копии.

    История сохраняется: назначения, протоколы, срезы и журнал ссылаются на id. Отменить нельзя.
    """

    async def work() -> ErasureRead:
        return _shown(await service.erase(session, person_id, wanted, by=actor.id, now=now))

    return await once(actor.id, work, answer=ErasureRead)


@of_people.get("", responses=problems(401, 403, 404, 422), summary="Как обезличили человека")
async def read_erasure(actor: Acting, person_id: UUID, session: Session) -> ErasureRead:
    """Когда, кем и на каком основании; что переписано и что оставлено."""
    return _shown(await repository.get_erasure(session, person_id))


def _shown(erasure: Erasure) -> ErasureRead:
    return ErasureRead(**erasure.model_dump(), called=pseudonym(erasure.person_id))
