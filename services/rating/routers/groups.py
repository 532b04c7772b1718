"""Ratings of districts, cohorts and industries over HTTP."""

from fastapi import APIRouter

from services.rating.domain.groups import Grouping
from services.rating.routers.access import AsOf, PeriodName, head_of, when
from services.rating.routers.selections import Filters, Order, select_groups
from services.rating.schemas.groups import GroupRowRead, GroupsRating
from services.rating.service.groups import GroupRow, rate_groups
from shared.clock import Now
from shared.db import Session
from shared.permissions import Acting
from shared.problems import problems

router = APIRouter(prefix="/v1/ratings", tags=["ratings"])


@router.get(
    "/{by}",
    responses=problems(401, 403, 404, 422),
    summary="Рейтинг округов, годов отбора или отраслей",
)
async def list_group_ratings(
    actor: Acting,
    by: Grouping,
    session: Session,
    now: Now,
    wanted: Filters,
    period: PeriodName = None,
    as_of: AsOf = None,
    sort: Order = "place",
) -> GroupsRating:
    """Та же формула по исполнениям всей группы; места — среди всех групп."""
    rating, rows = await rate_groups(session, *when(period, as_of, now), by)
    items = select_groups([group_read(row) for row in rows], wanted, sort)
    return GroupsRating(**head_of(rating), by=by, items=items)


def group_read(row: GroupRow) -> GroupRowRead:
    tally = row.score.tally
    return GroupRowRead(
        name=row.name,
        regions=row.regions,
        clusters=row.clusters,
        raw_bp=row.score.raw_bp,
        stabilised_bp=row.score.stabilised_bp,
        zone=row.zone,
        place=row.score.place,
        executions=tally.executions,
        weight=tally.weight,
        on_time_bp=tally.on_time_bp,
        debts=tally.debts,
        provisional=tally.provisional,
    )
