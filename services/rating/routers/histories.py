"""How regions' scores went, over HTTP."""

from fastapi import APIRouter, Depends

from services.rating.routers.access import PeriodName, when
from services.rating.schemas.histories import (
    PointRead,
    RegionHistory,
    RegionsTrends,
    RegionTrend,
    SlicePoint,
    TrendPointRead,
)
from services.rating.service.histories import tell_history, tell_trends
from shared.auth import public
from shared.clock import Now
from shared.db import Session
from shared.problems import problems
from shared.text import RegionCode

router = APIRouter(prefix="/v1/ratings", tags=["ratings"])


@router.get(
    "/trends",
    dependencies=[Depends(public)],
    responses=problems(422),
    summary="Как менялись баллы всех регионов",
)
async def read_trends(session: Session, now: Now, period: PeriodName = None) -> RegionsTrends:
    """Точка на каждый день, закончившийся во всех регионах; у текущего месяца — и на сегодня."""
    wanted, _ = when(period, None, now)
    found = await tell_trends(session, wanted, now)
    return RegionsTrends(
        period=str(found.period),
        as_of=now,
        complete_through=found.complete_through,
        methodology=found.methodology.code,
        methodology_version=found.methodology.version,
        mu_bp=found.mu_bp,
        through=found.through,
        items=[
            RegionTrend(
                region=code,
                points=[
                    TrendPointRead(
                        day=point.day,
                        raw_bp=point.tally.raw_bp,
                        stabilised_bp=point.tally.stabilised_bp(found.mu_bp, found.methodology),
                        zone=point.tally.zone(found.methodology),
                        place=point.place,
                    )
                    for point in points
                ],
            )
            for code, points in found.points.items()
        ],
    )


@router.get(
    "/regions/{code}/history",
    dependencies=[Depends(public)],
    responses=problems(404, 422),
    summary="Как менялся балл региона",
)
async def read_region_history(
    code: RegionCode, session: Session, now: Now, period: PeriodName = None
) -> RegionHistory:
    """Точка на каждый начавшийся день периода: балл на конец дня в зоне региона, место; и срезы."""
    wanted, _ = when(period, None, now)
    found = await tell_history(session, code, wanted, now)
    return RegionHistory(
        period=str(found.period),
        as_of=now,
        complete_through=found.complete_through,
        methodology=found.methodology.code,
        methodology_version=found.methodology.version,
        mu_bp=found.mu_bp,
        region=found.region.code,
        items=[
            PointRead(
                day=point.day,
                as_of=point.as_of,
                raw_bp=point.tally.raw_bp,
                stabilised_bp=point.tally.stabilised_bp(found.mu_bp, found.methodology),
                zone=point.tally.zone(found.methodology),
                place=place,
                executions=point.tally.executions,
                on_time_bp=point.tally.on_time_bp,
                debts=point.tally.debts,
            )
            for point, place in found.points
        ],
        slices=[
            SlicePoint(
                slice_id=one.id,
                period=one.period,
                revision=one.revision,
                raw_bp=row.raw_bp,
                stabilised_bp=row.stabilised_bp,
                zone=row.zone,
                place=row.place,
                frozen_at=one.frozen_at,
            )
            for one, row in found.slices
        ],
    )
