"""The fairness audit over HTTP: public, as the rating is."""

from dataclasses import asdict

from fastapi import APIRouter, Depends

from services.rating.domain.fairness import conclusions
from services.rating.routers.access import AsOf, PeriodName, head_of, when
from services.rating.schemas.fairness import DistrictRead, FactorRead, FairnessRead, ShiftRead
from services.rating.service.fairness import audit_fairness
from shared.auth import public
from shared.clock import Now
from shared.db import Session
from shared.problems import problems

router = APIRouter(prefix="/v1/ratings", tags=["ratings"])


@router.get(
    "/fairness",
    dependencies=[Depends(public)],
    responses=problems(422),
    summary="Аудит справедливости рейтинга",
)
async def audit_rating(
    session: Session, now: Now, period: PeriodName = None, as_of: AsOf = None
) -> FairnessRead:
    """Объясняют ли место число кластеров, год отбора или округ и что изменило сглаживание."""
    rating, found = await audit_fairness(session, *when(period, as_of, now))
    return FairnessRead(
        **head_of(rating),
        regions=found.regions,
        conclusions=conclusions(found),
        factors=[FactorRead(**asdict(one), is_notable=one.is_notable) for one in found.factors],
        districts=[DistrictRead(**asdict(one)) for one in found.districts],
        between_districts_bp=found.between_bp,
        between_by_chance_bp=found.between_by_chance_bp,
        moved=found.moved,
        furthest=found.furthest,
        shifts=[ShiftRead(**asdict(one)) for one in found.shifts],
    )
