"""Ratings of regions over HTTP: live from memory, or as of any instant from the versions heard."""

from fastapi import APIRouter, Depends, Request

from services.rating.board.live import Board, render_row
from services.rating.repository.directory import get_region
from services.rating.routers.access import AsOf, PeriodName, head_of, own_region, when
from services.rating.routers.parts import Links, part_read
from services.rating.routers.selections import District, Filters, RegionOrder, select_regions
from services.rating.schemas.regions import (
    RegionExplanation,
    RegionRating,
    RegionRow,
    RegionsRating,
)
from services.rating.service import regions as service
from services.rating.service.names import names_of
from shared.auth import public
from shared.clock import Now
from shared.db import Session
from shared.permissions import Acting
from shared.problems import problems
from shared.text import RegionCode

router = APIRouter(prefix="/v1/ratings", tags=["ratings"])


@router.get(
    "/regions",
    dependencies=[Depends(public)],
    responses=problems(422),
    summary="Рейтинг регионов",
)
async def list_region_ratings(
    request: Request,
    session: Session,
    now: Now,
    wanted: Filters,
    period: PeriodName = None,
    as_of: AsOf = None,
    federal_district: District = None,
    sort: RegionOrder = "region",
) -> RegionsRating:
    """Рейтинг 89 регионов: без параметров живой, из памяти, с ETag; `as_of` — на любой момент.

    Отбор и порядок не меняют мест: место — среди всех регионов.
    """
    whole = None if period or as_of else live_rating(request)
    if whole is None:
        rating = await service.rate_lines(session, *when(period, as_of, now))
        whole = RegionsRating(
            **head_of(rating), items=[RegionRow(**render_row(row)) for row in rating.rows]
        )
    items = select_regions(whole.items, federal_district, wanted, sort)
    return whole.model_copy(update={"items": items})


def live_rating(request: Request) -> RegionsRating | None:
    """The board of this process, once it is loaded: it costs no statement."""
    board: Board | None = getattr(request.state, "board", None)
    if board is None or board.snapshot is None:
        return None
    return RegionsRating.model_validate({**board.snapshot.head, "items": board.snapshot.items})


@router.get("/regions/{code}", responses=problems(401, 403, 404, 422), summary="Рейтинг региона")
async def read_region_rating(
    actor: Acting,
    code: RegionCode,
    session: Session,
    now: Now,
    period: PeriodName = None,
    as_of: AsOf = None,
) -> RegionRating:
    """Строка одного региона."""
    await get_region(session, code)
    rating = await service.rate_lines(session, *when(period, as_of, now))
    row = next(row for row in rating.rows if row.region.code == code)
    return RegionRating(**head_of(rating), item=RegionRow(**render_row(row)))


@router.get(
    "/regions/{code}/explanation",
    responses=problems(401, 403, 404, 422),
    summary="Почему такой балл",
)
async def explain_region_rating(
    actor: Acting,
    code: RegionCode,
    session: Session,
    now: Now,
    links: Links,
    period: PeriodName = None,
    as_of: AsOf = None,
) -> RegionExplanation:
    """Каждое исполнение региона: вес, зачёт, опоздание, причина. Чужой регион не виден."""
    own_region(actor, code)
    found = await service.explain_region(session, code, *when(period, as_of, now))
    names = await names_of(session, (part.facts for part in found.parts))
    return RegionExplanation(
        **head_of(found.rating),
        item=RegionRow(**render_row(found.row)),
        numerator=found.row.tally.numerator,
        denominator=found.row.tally.weight,
        parts=[part_read(part, names, links) for part in found.parts],
    )
