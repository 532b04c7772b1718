"""Whose rows an actor reaches, and the parameters every rating takes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.rating.domain.periods import Period
from services.rating.repository.directory import RegionNotFound
from services.rating.service.clusters import ClusterNotFound
from services.rating.service.regions import Rating, current_period
from shared.auth import Actor, Rows
from shared.clock import Instant

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
    """The regions this operation reaches for the actor; None for all."""
    if actor.reaches_all:
        return None
    return actor.regions if Rows.REGION in actor.rows else frozenset()


def own_region(actor: Actor, code: str) -> None:
    """Raises `RegionNotFound` for another's region, as for one there is not."""
    reached = own_regions(actor)
    if reached is not None and code not in reached:
        raise RegionNotFound("Такого региона нет.", field="path.code")


def own_subscriptions(actor: Actor) -> str | None:
    """Whose subscriptions this operation reaches for the actor; None for everybody's."""
    return None if actor.reaches_all else actor.id


def own_cluster(actor: Actor, cluster_id: UUID, region: str, industry: str | None) -> None:
    """Raises `ClusterNotFound` for another's cluster, as for one there is not.

    A region reaches its clusters, an association those of its industry, a cluster itself.
    """
    reached = (
        actor.reaches_all
        or (Rows.REGION in actor.rows and region in actor.regions)
        or (Rows.INDUSTRY in actor.rows and industry in actor.industries)
        or (Rows.CLUSTER in actor.rows and cluster_id in actor.clusters)
    )
    if not reached:
        raise ClusterNotFound("Такого кластера нет.", field="path.cluster_id")
