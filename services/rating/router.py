"""Ratings over HTTP: live from memory, or as of any instant from the versions heard."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from services.rating import page, repository, service
from services.rating.board import Board, EventStream, render_row
from services.rating.domain import Facts, Part, Period
from services.rating.schemas import (
    ClusterRowRead,
    ClustersRating,
    PartRead,
    RegionExplanation,
    RegionRating,
    RegionRow,
    RegionsRating,
)
from services.rating.service import ClusterRow, Rating
from shared.auth import Actor, Role, demand, public
from shared.clock import Instant, Now
from shared.db import Session
from shared.problems import problems
from shared.text import RegionCode

router = APIRouter(prefix="/v1/ratings", tags=["ratings"])
pages = APIRouter(include_in_schema=False, dependencies=[Depends(public)])

Reader = Annotated[Actor, Depends(demand(*Role))]
PeriodName = Annotated[
    str | None,
    Query(
        max_length=7,
        description="Месяц 2023-10, квартал 2023-Q4 или год 2023; по умолчанию текущий месяц",
        examples=["2023-10"],
    ),
]
AsOf = Annotated[
    Instant | None,
    Query(description="На какой момент; по умолчанию сейчас", examples=["2023-10-20T12:00:00Z"]),
]
# The page runs our own script and style and nothing else.
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors *"
)


def _when(period: str | None, as_of: datetime | None, now: datetime) -> tuple[Period, datetime]:
    instant = as_of or now
    return Period.parse(period) if period else service.current_period(instant), instant


def _head(rating: Rating) -> dict[str, object]:
    return {
        "period": str(rating.period),
        "as_of": rating.as_of,
        "complete_through": rating.complete_through,
        "methodology": rating.methodology.code,
        "mu_bp": rating.mu_bp,
    }


@router.get(
    "/regions",
    dependencies=[Depends(public)],
    responses=problems(422),
    summary="Рейтинг регионов",
)
async def list_region_ratings(
    session: Session, now: Now, period: PeriodName = None, as_of: AsOf = None
) -> RegionsRating:
    """Рейтинг 89 регионов: без параметров живой, из памяти, с ETag; `as_of` — на любой момент."""
    rating, _ = await service.rate_regions(session, *_when(period, as_of, now))
    items = [RegionRow(**render_row(row)) for row in rating.rows]
    return RegionsRating(**_head(rating), items=items)


@router.get(
    "/stream",
    dependencies=[Depends(public)],
    response_class=Response,
    responses={
        200: {
            "description": "Поток событий `standings`: изменившиеся строки рейтинга",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **problems(422),
    },
    summary="Поток изменений",
)
async def stream_ratings(
    request: Request,
    last_event_id: Annotated[str | None, Header(max_length=20, pattern=r"^\d{1,18}$")] = None,
) -> Response:
    """SSE: сначала всё, что изменилось после `Last-Event-ID` (без него весь рейтинг)."""
    board: Board = request.state.board
    return EventStream(board, int(last_event_id) if last_event_id else None)


@router.get("/regions/{code}", responses=problems(401, 403, 404, 422), summary="Рейтинг региона")
async def read_region_rating(
    actor: Reader,
    code: RegionCode,
    session: Session,
    now: Now,
    period: PeriodName = None,
    as_of: AsOf = None,
) -> RegionRating:
    """Строка одного региона."""
    await repository.get_region(session, code)
    rating, _ = await service.rate_regions(session, *_when(period, as_of, now))
    row = next(row for row in rating.rows if row.region.code == code)
    return RegionRating(**_head(rating), item=RegionRow(**render_row(row)))


@router.get(
    "/regions/{code}/explanation",
    responses=problems(401, 403, 404, 422),
    summary="Почему такой балл",
)
async def explain_region_rating(
    actor: Reader,
    code: RegionCode,
    session: Session,
    now: Now,
    period: PeriodName = None,
    as_of: AsOf = None,
) -> RegionExplanation:
    """Каждое исполнение региона: вес, зачёт, опоздание, причина. Чужой регион не виден."""
    if (
        actor.is_any(*_OWN_REGION_ONLY)
        and not actor.is_any(*_SEES_ALL)
        and code not in actor.regions
    ):
        raise repository.RegionNotFound("Такого региона нет.", field="path.code")
    found = await service.explain_region(session, code, *_when(period, as_of, now))
    return RegionExplanation(
        **_head(found.rating),
        item=RegionRow(**render_row(found.row)),
        numerator=found.row.tally.numerator,
        denominator=found.row.tally.weight,
        parts=[_part(part) for part in found.parts],
    )


_SEES_ALL = (
    Role.CUR_ADMIN,
    Role.CUR_CONTROLLER,
    Role.SECRETARY,
    Role.OPERATOR,
    Role.AUDITOR,
    Role.PLATFORM,
    Role.SERVICE,
)
_OWN_REGION_ONLY = tuple(role for role in Role if role not in _SEES_ALL)


def _part(part: Part) -> PartRead:
    facts, credit = part.facts, part.credit
    return PartRead(
        execution_id=facts.execution_id,
        assignment_id=facts.assignment_id,
        cluster_id=facts.cluster_id,
        weight=facts.weight,
        due=facts.due,
        due_star=credit.due_star if credit else None,
        done=facts.done,
        late=credit.late if credit else None,
        returns=facts.returns,
        extensions=facts.extensions,
        timeliness_bp=credit.timeliness if credit else None,
        quality_bp=credit.quality if credit else None,
        discipline_bp=credit.discipline if credit else None,
        credit_bp=credit.value if credit else None,
        contribution=part.contribution,
        counts=credit is not None,
        left_out=part.left,
        provisional=credit.provisional if credit else False,
        reason=part.reason,
    )


@router.get("/clusters", responses=problems(401, 403, 422), summary="Рейтинг кластеров")
async def list_cluster_ratings(
    actor: Reader,
    session: Session,
    now: Now,
    period: PeriodName = None,
    as_of: AsOf = None,
    region: RegionCode | None = None,
    industry: Annotated[str | None, Query(pattern=r"^[a-z0-9-]{1,64}$")] = None,
    cohort: Annotated[int | None, Query(ge=2022, le=2100)] = None,
) -> ClustersRating:
    """Та же формула по исполнениям каждого кластера; места — среди отобранных."""

    def wanted(facts: Facts) -> bool:
        return (
            region in (None, facts.region)
            and industry in (None, facts.industry)
            and cohort in (None, facts.cohort)
        )

    rating, rows = await service.rate_clusters(session, *_when(period, as_of, now), wanted)
    return ClustersRating(**_head(rating), items=[_cluster(row) for row in rows])


def _cluster(row: ClusterRow) -> ClusterRowRead:
    return ClusterRowRead(
        cluster_id=row.cluster_id,
        code=row.cluster.code if row.cluster else None,
        name=row.cluster.name if row.cluster else None,
        region=row.region,
        raw_bp=row.raw_bp,
        stabilised_bp=row.stabilised_bp,
        zone=row.zone,
        place=row.place,
        executions=row.tally.executions,
        weight=row.tally.weight,
        on_time_bp=row.tally.on_time_bp,
        debts=row.tally.debts,
        provisional=row.tally.provisional,
    )


@pages.get("/", response_class=HTMLResponse)
async def show_board(request: Request) -> HTMLResponse:
    """The page: complete without JavaScript, live with it."""
    board: Board = request.state.board
    snapshot = board.snapshot
    shown = {**snapshot.head, "items": snapshot.items} if snapshot else None
    headers = {"Content-Security-Policy": _CSP, "X-Content-Type-Options": "nosniff"}
    return HTMLResponse(page.render(shown), headers=headers)
