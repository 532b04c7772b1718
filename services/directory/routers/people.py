"""People and their appointments over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.directory.repository import people as repository
from services.directory.schemas.people import PersonCreate, PersonPage, PersonRead
from services.directory.service import people as service
from shared import pages
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems

router = APIRouter(prefix="/v1")


@router.post(
    "/people",
    status_code=201,
    response_model=PersonRead,
    responses=problems(401, 403, 422),
    summary="Завести человека",
    tags=["people"],
)
async def create_person(
    actor: Acting, wanted: PersonCreate, session: Session, once: Idempotent
) -> Response:
    """Новый человек. Почта и телефон — персональные данные."""
    return await once(actor.id, lambda: service.enter_person(session, wanted), answer=PersonRead)


@router.get("/people", responses=problems(401, 403, 422), summary="Люди", tags=["people"])
async def list_people(
    actor: Acting,
    session: Session,
    request: Request,
    response: Response,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> PersonPage:
    """Люди в порядке занесения."""
    rows = await repository.list_people(
        session, after=pages.decode(cursor, UUID) if cursor else None, limit=limit + 1
    )
    page, following = pages.paginate(
        rows, limit, lambda row: row.id, request=request, response=response
    )
    items = [PersonRead.model_validate(row) for row in page]
    return PersonPage(items=items, next_cursor=following)


@router.get(
    "/people/{person_id}",
    responses=problems(401, 403, 404, 422),
    summary="Человек",
    tags=["people"],
)
async def read_person(actor: Acting, person_id: UUID, session: Session) -> PersonRead:
    """Один человек; почта и телефон видны администратору ЦУР, аудитору и сервисам.

    Регион, кластер и ассоциация видят тех, кто работает с ними: должностных лиц своего региона,
    кураторов своих кластеров, уполномоченных и рабочие группы своей ассоциации.
    """
    found = await repository.person_within(session, person_id, service.circle_of(actor))
    person = PersonRead.model_validate(found)
    if service.knows_contacts(actor):
        return person
    return person.model_copy(update={"email": None, "phone": None})
