"""How far a region may still go, over HTTP."""

from typing import Final

from fastapi import APIRouter

from services.rating.board.live import render_row
from services.rating.routers.access import AsOf, PeriodName, head_of, own_region, when
from services.rating.schemas.corridors import PlaceEnds, RegionCorridor, ScoreEnds
from services.rating.schemas.regions import RegionRow
from services.rating.service.corridors import find_corridor
from shared.clock import Now
from shared.db import Session
from shared.permissions import Acting
from shared.problems import problems
from shared.text import RegionCode

router = APIRouter(prefix="/v1/ratings", tags=["ratings"])

ASSUMPTIONS: Final = (
    "Балл берётся на конец дня `until` в зоне региона: срок этого дня уже истёк.",
    "Известные исполнения периода и перенесённые долги; новых поручений, переносов срока,"
    " продлений и снятий с контроля не будет.",
    "Лучший: всё открытое сдано сегодня и ничего не возвращено.",
    "Худший: больше ничего не сдано; то, что рассматривает ЦУР, не возвращено.",
    "Худший с возвратами: каждый рассматриваемый отчёт возвращён один раз в худший для региона"
    " день.",
    "Исполнение, срок которого после возврата выходит за период, учитывается, только если сдано:"
    " оно входит в лучший балл, лишь если повышает его, и в худший, лишь если понижает.",
    "Старый долг, сданный до начала периода, в период не попадает.",
    "Места: при равном балле — в пользу региона в лучшем и против него в худшем; остальные регионы"
    " движутся в своих коридорах (без возвратов) или, отдельно, стоят на месте.",
)


@router.get(
    "/regions/{code}/corridor",
    responses=problems(401, 403, 404, 422),
    summary="Лучший и худший балл, ещё возможный до конца периода",
)
async def read_region_corridor(
    actor: Acting,
    code: RegionCode,
    session: Session,
    now: Now,
    period: PeriodName = None,
    as_of: AsOf = None,
) -> RegionCorridor:
    """Коридор балла и места региона при названных допущениях. Чужой регион не виден."""
    own_region(actor, code)
    found = await find_corridor(session, code, *when(period, as_of, now))
    corridor = found.corridor
    return RegionCorridor(
        **head_of(found.rating),
        item=RegionRow(**render_row(found.row)),
        today=found.today,
        until=corridor.end,
        raw=ScoreEnds(
            worst_with_returns_bp=corridor.raw_worst_with_returns_bp,
            worst_bp=corridor.raw.worst_bp,
            best_bp=corridor.raw.best_bp,
        ),
        stabilised=ScoreEnds(
            worst_with_returns_bp=corridor.stabilised_worst_with_returns_bp,
            worst_bp=corridor.stabilised.worst_bp,
            best_bp=corridor.stabilised.best_bp,
        ),
        place=PlaceEnds(
            best=found.places.best,
            worst=found.places.worst,
            worst_with_returns=found.places_with_returns.worst,
            best_if_others_stand=found.places_if_others_stand.best,
            worst_if_others_stand=found.places_if_others_stand.worst,
        ),
        assumptions=list(ASSUMPTIONS),
    )
