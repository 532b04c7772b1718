"""Methodologies over HTTP: drafts, their shadow, and how one comes into force."""

from uuid import UUID

from fastapi import APIRouter, Depends, Response

from services.rating.models import MethodologyDocument
from services.rating.repository import methodologies as repository
from services.rating.schemas.methodologies import (
    ActList,
    ActRead,
    Because,
    ComparedMonth,
    ComparisonRead,
    DifferenceRead,
    MethodologyChange,
    MethodologyCreate,
    MethodologyList,
    MethodologyRead,
)
from services.rating.service import methodologies as service
from services.rating.service.comparisons import Difference, Month, compare, summary
from shared.auth import public
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1/methodologies", tags=["methodologies"])


@router.get("", dependencies=[Depends(public)], responses=problems(422), summary="Методики")
async def list_methodologies(session: Session) -> MethodologyList:
    """Все версии всех методик: числа и с какого месяца действуют."""
    rows = await repository.list_methodologies(session)
    return MethodologyList(items=[MethodologyRead.model_validate(row) for row in rows])


@router.post(
    "",
    status_code=201,
    response_model=MethodologyRead,
    responses=problems(401, 403, 422),
    summary="Новый черновик методики",
)
async def create_methodology(
    actor: Acting, wanted: MethodologyCreate, session: Session, now: Now, once: Idempotent
) -> Response:
    """Следующая версия названной методики или первая — новой."""
    return await once(
        actor.id,
        lambda: service.create(
            session,
            code=wanted.code,
            title=wanted.title,
            effective_from=wanted.effective_from,
            numbers=wanted.numbers.model_dump(),
            by=actor.id,
            now=now,
        ),
        answer=MethodologyRead,
    )


@router.get(
    "/{methodology_id}",
    dependencies=[Depends(public)],
    responses=problems(404, 422),
    summary="Методика",
)
async def read_methodology(
    methodology_id: UUID, session: Session, response: Response
) -> MethodologyRead:
    """Одна версия методики; ETag — для If-Match."""
    return _read(await repository.get_methodology(session, methodology_id), response)


@router.put(
    "/{methodology_id}",
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Изменить черновик",
)
async def change_methodology(
    actor: Acting,
    methodology_id: UUID,
    wanted: MethodologyChange,
    session: Session,
    now: Now,
    expected: ExpectedVersion,
    response: Response,
) -> MethodologyRead:
    """Числа меняются, только пока это черновик."""
    found = await service.change(
        session,
        methodology_id,
        title=wanted.title,
        effective_from=wanted.effective_from,
        numbers=wanted.numbers.model_dump(),
        expected=expected,
        by=actor.id,
        now=now,
    )
    return _read(found, response)


@router.post(
    "/{methodology_id}/shadow",
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Начать теневой расчёт",
)
async def shadow_methodology(
    actor: Acting,
    methodology_id: UUID,
    session: Session,
    now: Now,
    expected: ExpectedVersion,
    response: Response,
) -> MethodologyRead:
    """Числа больше не меняются; все видят, что изменилось бы за всю историю."""
    found = await service.begin_shadow(
        session, methodology_id, expected=expected, by=actor.id, now=now
    )
    return _read(found, response)


@router.post(
    "/{methodology_id}/activate",
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Ввести в действие",
)
async def activate_methodology(
    actor: Acting,
    methodology_id: UUID,
    wanted: Because,
    session: Session,
    now: Now,
    expected: ExpectedVersion,
    response: Response,
) -> MethodologyRead:
    """С первого числа ещё не начавшегося месяца; прежние срезы остаются при своей методике."""
    document = await repository.get_methodology(session, methodology_id)
    differences = summary(await compare(session, document.methodology, now=now))
    found = await service.activate(
        session,
        methodology_id,
        wanted.reason,
        differences,
        expected=expected,
        by=actor.id,
        now=now,
    )
    return _read(found, response)


@router.post(
    "/{methodology_id}/discard",
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Отклонить черновик",
)
async def discard_methodology(
    actor: Acting,
    methodology_id: UUID,
    wanted: Because,
    session: Session,
    now: Now,
    expected: ExpectedVersion,
    response: Response,
) -> MethodologyRead:
    """То, что ещё не действовало."""
    found = await service.discard(
        session, methodology_id, wanted.reason, expected=expected, by=actor.id, now=now
    )
    return _read(found, response)


@router.get(
    "/{methodology_id}/comparison",
    responses=problems(401, 403, 404, 422),
    summary="Что изменила бы методика",
)
async def compare_methodology(
    actor: Acting, methodology_id: UUID, session: Session, now: Now
) -> ComparisonRead:
    """По каждому месяцу истории и каждому региону: балл, зона и место сейчас и по этой методике."""
    document = await repository.get_methodology(session, methodology_id)
    months = await compare(session, document.methodology, now=now)
    return ComparisonRead(months=[_month(month) for month in months])


@router.get(
    "/{methodology_id}/acts",
    responses=problems(401, 403, 404, 422),
    summary="Что делали с методикой",
)
async def list_methodology_acts(actor: Acting, methodology_id: UUID, session: Session) -> ActList:
    """Кто, когда, что и почему; при вводе в действие — и какие были отличия."""
    await repository.get_methodology(session, methodology_id)
    rows = await repository.list_acts(session, methodology_id)
    return ActList(items=[ActRead.model_validate(row) for row in rows])


def _read(found: MethodologyDocument, response: Response) -> MethodologyRead:
    tag(response, found.version)
    return MethodologyRead.model_validate(found)


def _month(month: Month) -> ComparedMonth:
    return ComparedMonth(
        period=str(month.period),
        is_over=month.is_over,
        methodology=month.methodology.code,
        methodology_version=month.methodology.version,
        mu_bp=month.mu_bp,
        mu_then_bp=month.other_mu_bp,
        places_moved=sum(one.moved for one in month.differences),
        zones_changed=sum(one.zone_changed for one in month.differences),
        items=[_difference(one) for one in month.differences],
    )


def _difference(one: Difference) -> DifferenceRead:
    return DifferenceRead(
        region=one.region.code,
        name=one.region.short_name,
        raw_bp=one.now.raw_bp,
        raw_then_bp=one.then.raw_bp,
        stabilised_bp=one.now.stabilised_bp,
        stabilised_then_bp=one.then.stabilised_bp,
        zone=one.now.zone,
        zone_then=one.then.zone,
        place=one.now.place,
        place_then=one.then.place,
    )
