"""The rating of regions as of any instant, and why a region stands where it does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.attendance import UNTOLD, Attendance
from services.rating.domain.explanations import Part, explain
from services.rating.domain.facts import Facts
from services.rating.domain.histories import day_end
from services.rating.domain.methodologies import Methodology
from services.rating.domain.periods import Period
from services.rating.domain.places import places
from services.rating.domain.scores import Tally, Zone, tally
from services.rating.models import Region, SliceRow
from services.rating.repository import attendance, directory, instants, positions, slices
from services.rating.repository import facts as repository
from services.rating.service.methodologies import methodology_of, mu_of
from shared.clock import MOSCOW, date_in

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Row:
    """One region's line of the rating."""

    region: Region
    tally: Tally
    raw_bp: int | None
    stabilised_bp: int | None
    zone: Zone | None
    place: int | None
    # Since the newest slice of a month before; None where either has no score.
    change_bp: int | None = None
    place_before: int | None = None
    # At the period's meetings; it moves nothing of the above.
    attendance: Attendance = UNTOLD


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
class Explanation:
    """A region's line with the part of every execution in it."""

    rating: Rating
    row: Row
    parts: Sequence[Part]


def current_period(now: datetime) -> Period:
    """The month that is running in Moscow."""
    return Period.month_of(now.astimezone(MOSCOW).date())


def rank(
    regions: Mapping[str, Region],
    tallies: Mapping[str, Tally],
    mu_bp: int,
    methodology: Methodology,
    before: Mapping[str, SliceRow] | None = None,
    attended: Mapping[str, Attendance] | None = None,
) -> list[Row]:
    """The lines of all regions, those without facts too, by code; `before`: the last slice's.

    `attended` is shown in them, and nothing else depends on it.
    """
    earlier = before or {}
    shown = attended or {}
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
            change_since(earlier.get(code), whole[code].stabilised_bp(mu_bp, methodology)),
            earlier[code].place if code in earlier else None,
            shown.get(code, UNTOLD),
        )
        for code, region in sorted(regions.items())
    ]


def change_since(earlier: SliceRow | None, stabilised_bp: int | None) -> int | None:
    """The change of the stabilised score since a slice's line, in basis points."""
    if earlier is None or earlier.stabilised_bp is None or stabilised_bp is None:
        return None
    return stabilised_bp - earlier.stabilised_bp


async def slice_before(session: AsyncSession, period: Period) -> Mapping[str, SliceRow]:
    """The lines of the slice a month is compared with; a quarter or a year is with none."""
    if not period.is_month:
        return {}
    return await slices.lines_before(session, str(period))


async def rate_regions(
    session: AsyncSession, period: Period, as_of: datetime, *, waiting: bool = False
) -> tuple[Rating, Mapping[str, list[Facts]]]:
    """The rating as of any instant, from the versions heard; with the facts it is made of.

    `waiting`: with facts of what awaits review and would count only if it were returned.
    """
    # First, here and below: what is heard while facts are read may be missing from them.
    heard = await positions.complete_through(session)
    regions = await directory.list_regions(session)
    facts = await repository.facts_as_of(session, period, as_of, sorted(regions), waiting=waiting)
    methodology = await methodology_of(session, period)
    tallies = _tallies(facts, regions, period, as_of, methodology)
    return await _rated(session, regions, tallies, period, as_of, methodology, heard), facts


async def rate_lines(session: AsyncSession, period: Period, as_of: datetime) -> Rating:
    """The same rating where nobody asks what it is made of: most of it is kept by the day."""
    heard = await positions.complete_through(session)
    regions = await directory.list_regions(session)
    return await _rate_lines(session, regions, period, as_of, {}, heard)


async def rate_region(
    session: AsyncSession, code: str, period: Period, as_of: datetime
) -> tuple[Rating, list[Facts]]:
    """The same rating with the facts that one region's line is made of. Raises `RegionNotFound`."""
    heard = await positions.complete_through(session)
    await directory.get_region(session, code)
    regions = await directory.list_regions(session)
    facts = await repository.facts_as_of(session, period, as_of, [code])
    return await _rate_lines(session, regions, period, as_of, facts, heard), facts[code]


async def _rate_lines(
    session: AsyncSession,
    regions: Mapping[str, Region],
    period: Period,
    as_of: datetime,
    known: Mapping[str, Sequence[Facts]],
    heard: datetime | None,
) -> Rating:
    methodology = await methodology_of(session, period)
    tallies = _tallies(known, regions, period, as_of, methodology)
    others = {code: region for code, region in regions.items() if code not in known}
    tallies |= await _tallies_by_day(session, others, period, as_of, methodology)
    missing = sorted(regions.keys() - tallies.keys())
    if missing:
        facts = await repository.facts_as_of(session, period, as_of, missing)
        tallies |= _tallies(facts, regions, period, as_of, methodology)
    return await _rated(session, regions, tallies, period, as_of, methodology, heard)


def _tallies(
    facts: Mapping[str, Sequence[Facts]],
    regions: Mapping[str, Region],
    period: Period,
    as_of: datetime,
    methodology: Methodology,
) -> dict[str, Tally]:
    return {
        code: tally(known, period, methodology, date_in(regions[code].timezone, as_of))
        for code, known in facts.items()
    }


async def _tallies_by_day(
    session: AsyncSession,
    regions: Mapping[str, Region],
    period: Period,
    as_of: datetime,
    methodology: Methodology,
) -> dict[str, Tally]:
    """Those of regions whose day before is kept.

    At its end it was already the day of `as_of`, so whatever has not changed since adds up to
    the same now.
    """
    days = {code: date_in(region.timezone, as_of) for code, region in regions.items()}
    ends = {
        code: (day - _DAY, day_end(day - _DAY, regions[code].timezone))
        for code, day in days.items()
        if period.start < day <= period.end
    }
    changes = await instants.changed_since(session, str(period), ends, as_of)
    return {
        code: one.kept
        - tally(one.before, period, methodology, days[code])
        + tally(one.after, period, methodology, days[code])
        for code, one in changes.items()
    }


async def _rated(
    session: AsyncSession,
    regions: Mapping[str, Region],
    tallies: Mapping[str, Tally],
    period: Period,
    as_of: datetime,
    methodology: Methodology,
    heard: datetime | None,
) -> Rating:
    mu_bp = await mu_of(session, period, methodology)
    return Rating(
        period,
        as_of,
        heard,
        methodology,
        mu_bp,
        rank(
            regions,
            tallies,
            mu_bp,
            methodology,
            await slice_before(session, period),
            await attendance.attendance_in(session, period, as_of),
        ),
    )


async def explain_region(
    session: AsyncSession, code: str, period: Period, as_of: datetime
) -> Explanation:
    """A region's score, execution by execution. Raises `RegionNotFound`."""
    rating, facts = await rate_region(session, code, period, as_of)
    row = next(row for row in rating.rows if row.region.code == code)
    today = date_in(row.region.timezone, as_of)
    return Explanation(rating, row, explain(facts, period, rating.methodology, today))
