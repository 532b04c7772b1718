"""Who reads what, and the parameters every rating takes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query

from services.rating.domain.periods import Period
from services.rating.repository.directory import RegionNotFound
from services.rating.service.clusters import ClusterNotFound
from services.rating.service.regions import Rating, current_period
from shared.auth import Actor, Role, Scope, demand
from shared.clock import Instant

Reader = Annotated[Actor, Depends(demand(*Role))]
Listener = Annotated[
    Actor, Depends(demand(Role.PLATFORM, Role.CUR_ADMIN, scope=Scope.SUBSCRIPTIONS))
]
Looker = Annotated[
    Actor,
    Depends(demand(Role.PLATFORM, Role.CUR_ADMIN, Role.AUDITOR, scope=Scope.SUBSCRIPTIONS)),
]
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

_SEES_ALL = (
    Role.CUR_ADMIN,
    Role.CUR_CONTROLLER,
    Role.SECRETARY,
    Role.OPERATOR,
    Role.AUDITOR,
    Role.PLATFORM,
    Role.SERVICE,
)


def when(period: str | None, as_of: datetime | None, now: datetime) -> tuple[Period, datetime]:
    instant = as_of or now
    return Period.parse(period) if period else current_period(instant), instant


def head_of(rating: Rating) -> dict[str, object]:
    return {
        "period": str(rating.period),
        "as_of": rating.as_of,
        "complete_through": rating.complete_through,
        "methodology": rating.methodology.code,
        "methodology_version": rating.methodology.version,
        "mu_bp": rating.mu_bp,
    }


def own_regions(actor: Actor) -> frozenset[str] | None:
    """The regions whose work the actor sees; None for all."""
    return None if actor.is_any(*_SEES_ALL) else actor.regions


def own_region(actor: Actor, code: str) -> None:
    """Raises `RegionNotFound` for another's region: those of one region see no other's work."""
    seen = own_regions(actor)
    if seen is not None and code not in seen:
        raise RegionNotFound("Такого региона нет.", field="path.code")


def own_subscriptions(actor: Actor) -> str | None:
    """Whose subscriptions the actor sees; None for everybody's."""
    return None if actor.is_any(Role.CUR_ADMIN, Role.AUDITOR) else actor.id


def own_cluster(actor: Actor, cluster_id: UUID, region: str, industry: str | None) -> None:
    """Raises `ClusterNotFound` for one whose work the actor does not see.

    A region sees its clusters, an association those of its industry, a cluster itself.
    """
    regional = actor.is_any(Role.COORDINATOR, Role.DEPUTY, Role.AUTHORITY_HEAD)
    seen = (
        actor.is_any(*_SEES_ALL)
        or (regional and region in actor.regions)
        or (actor.is_any(Role.ASSOCIATION) and industry in actor.industries)
        or (actor.is_any(Role.CLUSTER) and cluster_id in actor.clusters)
    )
    if not seen:
        raise ClusterNotFound("Такого кластера нет.", field="path.cluster_id")
