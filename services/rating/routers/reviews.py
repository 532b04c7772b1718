"""ЦУР's own pace over HTTP: public, as the rating is."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.rating.routers.access import AsOf, PeriodName, when
from services.rating.schemas.reviews import AccountabilityRead, RegionPace
from services.rating.service.reviews import account
from shared.auth import public
from shared.clock import Now
from shared.db import Session
from shared.problems import problems

router = APIRouter(prefix="/v1/ratings", tags=["ratings"])


@router.get(
    "/accountability",
    dependencies=[Depends(public)],
    responses=problems(422),
    summary="Взаимная ответственность: как рассматривает ЦУР",
)
async def read_accountability(
    session: Session,
    now: Now,
    period: PeriodName = None,
    as_of: AsOf = None,
    norm_days: Annotated[
        int, Query(ge=0, le=60, description="Норматив рассмотрения, рабочих дней")
    ] = 3,
) -> AccountabilityRead:
    """Сроки рассмотрения того, что передано в ЦУР за период; на баллы регионов не влияют."""
    found = await account(session, *when(period, as_of, now), norm_days)
    return AccountabilityRead(
        period=str(found.period),
        as_of=found.as_of,
        complete_through=found.complete_through,
        norm_days=found.norm_days,
        **asdict(found.whole),
        items=[
            RegionPace(region=region.code, name=region.short_name, **asdict(pace))
            for region, pace in found.regions
        ],
    )
