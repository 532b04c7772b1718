"""What a region can do for its score, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.rating.board.live import render_row
from services.rating.domain.actions import Action, effect, gain, sentence
from services.rating.domain.places import Score
from services.rating.domain.titles import title
from services.rating.routers.access import AsOf, PeriodName, head_of, own_region, when
from services.rating.routers.parts import ExecutionLinks, Links
from services.rating.schemas.actions import ActionRead, RegionActions, Together
from services.rating.schemas.regions import RegionRow
from services.rating.service.actions import find_actions
from services.rating.service.names import Names
from shared.clock import Now
from shared.db import Session
from shared.permissions import Acting
from shared.problems import problems
from shared.text import RegionCode

router = APIRouter(prefix="/v1/ratings", tags=["ratings"])


@router.get(
    "/regions/{code}/actions",
    responses=problems(401, 403, 404, 422),
    summary="Что сделать сегодня, чтобы поднять балл",
)
async def list_region_actions(
    actor: Acting,
    code: RegionCode,
    session: Session,
    now: Now,
    links: Links,
    period: PeriodName = None,
    as_of: AsOf = None,
    first: Annotated[
        int, Query(ge=0, le=1000, description="Сколько первых действий посчитать вместе")
    ] = 3,
) -> RegionActions:
    """Открытые исполнения региона по приросту балла, если сдать сегодня. Чужой регион не виден."""
    own_region(actor, code)
    found = await find_actions(session, code, *when(period, as_of, now), first)
    return RegionActions(
        **head_of(found.rating),
        item=RegionRow(**render_row(found.row)),
        today=found.today,
        actions=[_action(action, found.names, links) for action in found.actions],
        together=_together(found.first, found.before, found.after),
    )


def _action(action: Action, names: Names, links: ExecutionLinks) -> ActionRead:
    facts = action.facts
    cluster, assignment = names.cluster(facts), names.assignment(facts)
    who = cluster.name if cluster else f"кластер {facts.cluster_id}"
    what = title(assignment.number, assignment.text) if assignment else None
    return ActionRead(
        execution_id=facts.execution_id,
        execution_url=links.execution(facts.execution_id),
        timeline_url=links.timeline(facts.execution_id),
        assignment_id=facts.assignment_id,
        assignment_number=assignment.number if assignment else None,
        assignment_text=assignment.text if assignment else None,
        cluster_id=facts.cluster_id,
        cluster_code=cluster.code if cluster else None,
        cluster_name=cluster.name if cluster else None,
        due=facts.due,
        due_star=action.due_star,
        weight=facts.weight,
        move=action.move,
        delta_bp=action.delta_bp,
        raw_delta_bp=action.raw_delta_bp,
        stabilised_bp=action.after.stabilised_bp,
        raw_bp=action.after.raw_bp,
        place_before=action.before.place,
        place=action.after.place,
        sentence=sentence(action, who, what),
    )


def _together(first: int, before: Score, after: Score) -> Together:
    said = f"Первые {first} → {effect(before, after)}" if first else "Сегодня сдавать нечего"
    return Together(
        actions=first,
        delta_bp=gain(before.stabilised_bp, after.stabilised_bp),
        raw_delta_bp=gain(before.raw_bp, after.raw_bp),
        stabilised_bp=after.stabilised_bp,
        raw_bp=after.raw_bp,
        place_before=before.place,
        place=after.place,
        sentence=said,
    )
