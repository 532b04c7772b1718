"""The model of management over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Path

from services.directory.routers.reach import Acquaintance
from services.directory.schemas.fields import Day
from services.directory.schemas.model import IndustryModel, Model, RegionModel
from services.directory.service import model as service
from services.directory.service.days import today
from services.directory.service.people import circle_of
from shared.clock import Now
from shared.db import Session
from shared.permissions import Acting
from shared.problems import problems
from shared.text import RegionCode

router = APIRouter(prefix="/v1/model", tags=["model"])


@router.get("", responses=problems(401, 403, 422), summary="Модель управления")
async def read_model(actor: Acting, session: Session, now: Now, at: Day | None = None) -> Model:
    """Уровни, роли и кто их занимает на дату — схема источника слово в слово."""
    return await service.read_model(session, at or today(now))


@router.get(
    "/regions/{code}", responses=problems(401, 403, 404, 422), summary="Управление в регионе"
)
async def read_region_model(
    actor: Acquaintance, code: RegionCode, session: Session, now: Now, at: Day | None = None
) -> RegionModel:
    """Региональное управление на дату: совет, орган власти, координатор, компании, кластеры.

    Люди названы тем, кому виден сам человек (`GET /v1/people/{person_id}`).
    """
    return await service.read_region(session, code, at or today(now), circle_of(actor))


@router.get(
    "/industries/{code}",
    responses=problems(401, 403, 404, 422),
    summary="Сопровождение отрасли",
)
async def read_industry_model(
    actor: Acting,
    acquaintance: Acquaintance,
    code: Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")],
    session: Session,
    now: Now,
    at: Day | None = None,
) -> IndustryModel:
    """Отраслевое сопровождение на дату: ассоциация, кураторы, кластеры отрасли всех регионов.

    Люди названы тем, кому виден сам человек (`GET /v1/people/{person_id}`).
    """
    return await service.read_industry(
        session, code, at or today(now), actor, circle_of(acquaintance)
    )
