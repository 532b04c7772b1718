"""What the rating service can do: work standings out, now or as of any instant, and explain."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating import repository
from services.rating.domain import (
    RERU_1,
    Facts,
    Methodology,
    Part,
    Period,
    Tally,
    Zone,
    explain,
    next_change,
    places,
    tally,
)
from services.rating.models import Cluster, Region, Standing
from shared.clock import MOSCOW, date_in

METHODOLOGY: Final = RERU_1


@dataclass(frozen=True, slots=True)
class Row:
    """One region's line of the rating."""

    region: Region
    tally: Tally
    raw_bp: int | None
    stabilised_bp: int | None
    zone: Zone | None
    place: int | None


@dataclass(frozen=True, slots=True)
class Rating:
    """The rating of a period as of an instant; everything needed to work it out again."""

    period: Period
    as_of: datetime
    complete_through: datetime | None
    methodology: Methodology
    mu_bp: int
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """One cluster's line: the same formula over another grouping."""

    cluster_id: UUID
    region: str
    cluster: Cluster | None
    tally: Tally
    raw_bp: int | None
    stabilised_bp: int | None
    zone: Zone | None
    place: int | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A region's line with the part of every execution in it."""

    rating: Rating
    row: Row
    parts: Sequence[Part]


def current_period(now: datetime) -> Period:
    """The month that is running in Moscow."""
    return Period.month_of(now.astimezone(MOSCOW).date())


async def mu_of(session: AsyncSession, period: Period, methodology: Methodology) -> int:
    """μ, in basis points: constant during a period, so one region never moves another's score.

    No slice has been frozen yet, so it is the methodology's initial value.
    """
    return methodology.initial_mu


def rank(
    regions: Mapping[str, Region],
    tallies: Mapping[str, Tally],
    mu_bp: int,
    methodology: Methodology,
) -> list[Row]:
    """The lines of all regions, those without facts too, by code."""
    whole = {code: tallies.get(code, Tally()) for code in regions}
    placed = places(whole, mu_bp, methodology)
    return [
        Row(
            region,
            whole[code],
            whole[code].raw_bp,
            whole[code].stabilised_bp(mu_bp, methodology),
            whole[code].zone(methodology),
            placed[code],
        )
        for code, region in sorted(regions.items())
    ]


async def rate_regions(
    session: AsyncSession, period: Period, as_of: datetime
) -> tuple[Rating, Mapping[str, list[Facts]]]:
    """The rating as of any instant, from the versions heard; with the facts it is made of."""
    regions = await repository.list_regions(session)
    facts = await repository.facts_as_of(session, period, as_of, sorted(regions))
    tallies = {
        code: tally(facts[code], period, METHODOLOGY, date_in(region.timezone, as_of))
        for code, region in regions.items()
    }
    mu_bp = await mu_of(session, period, METHODOLOGY)
    rating = Rating(
        period,
        as_of,
        await repository.complete_through(session),
        METHODOLOGY,
        mu_bp,
        rank(regions, tallies, mu_bp, METHODOLOGY),
    )
    return rating, facts


async def explain_region(
    session: AsyncSession, code: str, period: Period, as_of: datetime
) -> Explanation:
    """A region's score, execution by execution. Raises `RegionNotFound`."""
    region = await repository.get_region(session, code)
    rating, facts = await rate_regions(session, period, as_of)
    today = date_in(region.timezone, as_of)
    row = next(row for row in rating.rows if row.region.code == code)
    return Explanation(rating, row, explain(facts[code], period, METHODOLOGY, today))


async def rate_clusters(
    session: AsyncSession, period: Period, as_of: datetime, wanted: Callable[[Facts], bool]
) -> tuple[Rating, list[ClusterRow]]:
    """The rating of clusters with facts of the period; places among those that are wanted."""
    rating, facts = await rate_regions(session, period, as_of)
    zones = {row.region.code: row.region.timezone for row in rating.rows}
    groups: dict[UUID, list[Facts]] = {}
    for region in facts.values():
        for one in region:
            if one.cluster_id is not None and wanted(one):
                groups.setdefault(one.cluster_id, []).append(one)
    tallies = {
        cluster_id: tally(found, period, METHODOLOGY, date_in(zones[found[0].region], as_of))
        for cluster_id, found in groups.items()
    }
    placed = places(tallies, rating.mu_bp, METHODOLOGY)
    clusters = await repository.clusters_by_id(session, groups)
    rows = [
        ClusterRow(
            cluster_id,
            groups[cluster_id][0].region,
            clusters.get(cluster_id),
            one,
            one.raw_bp,
            one.stabilised_bp(rating.mu_bp, METHODOLOGY),
            one.zone(METHODOLOGY),
            placed[cluster_id],
        )
        for cluster_id, one in tallies.items()
    ]
    return rating, sorted(rows, key=lambda row: (row.place or len(rows) + 1, str(row.cluster_id)))


async def score(session: AsyncSession, now: datetime) -> int:
    """Work out the current month's standings where they may have changed; returns how many did.

    Whatever the order and number of calls, the stored standings are those of the newest facts.
    """
    period = current_period(now)
    regions = await repository.list_regions(session)
    touched = await repository.take_touched(session)
    known = {standing.region for standing in await repository.list_standings(session, str(period))}
    latest = max((date_in(region.timezone, now) for region in regions.values()), default=now.date())
    touched |= set(await repository.due_for_change(session, str(period), latest))
    touched |= regions.keys() - known
    wanted = sorted(touched & regions.keys())
    facts = await repository.newest_facts(session, period, wanted)
    standings = [
        _standing(period, code, facts[code], date_in(regions[code].timezone, now))
        for code in wanted
    ]
    return await repository.keep_standings(session, standings)


def _standing(period: Period, code: str, facts: Sequence[Facts], today: date) -> Standing:
    one = tally(facts, period, METHODOLOGY, today)
    return Standing(
        period=str(period),
        region=code,
        numerator=one.numerator,
        weight=one.weight,
        executions=one.executions,
        on_time=one.on_time,
        debts=one.debts,
        provisional=one.provisional,
        delay=one.delay,
        returns=one.returns,
        extensions=one.extensions,
        next_change=next_change(facts, METHODOLOGY, today),
        revision=0,
    )


def tally_of(standing: Standing) -> Tally:
    """A stored standing's tally."""
    return Tally(
        standing.numerator,
        standing.weight,
        standing.executions,
        standing.on_time,
        standing.debts,
        standing.provisional,
        standing.delay,
        standing.returns,
        standing.extensions,
    )
