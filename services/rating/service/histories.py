"""How regions' scores went through a period: one region's, or all regions' side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.histories import Point, day_end, history, instants
from services.rating.domain.methodologies import Methodology
from services.rating.domain.periods import Period
from services.rating.domain.places import places
from services.rating.domain.scores import Tally
from services.rating.models import Region, Slice, SliceRow
from services.rating.repository import directory, positions, slices, standings, trends
from services.rating.repository import facts as repository
from services.rating.service.methodologies import methodology_of, mu_of
from services.rating.service.regions import current_period
from shared.clock import date_in


@dataclass(frozen=True, slots=True)
class Placed:
    """A region's sums of a day, and its place among the regions that day."""

    day: date
    tally: Tally
    place: int | None


@dataclass(frozen=True, slots=True)
class Trends:
    """Every region's points of a period, and what is needed to work them out again.

    `through`: the last day that is final; a point after it is that of the day that runs.
    """

    period: Period
    as_of: datetime
    complete_through: datetime | None
    methodology: Methodology
    mu_bp: int
    through: date | None
    points: Mapping[str, Sequence[Placed]]


@dataclass(frozen=True, slots=True)
class History:
    """A region's points of a period and its lines in slices, with the places where known."""

    region: Region
    period: Period
    complete_through: datetime | None
    methodology: Methodology
    mu_bp: int
    points: Sequence[tuple[Point, int | None]]
    slices: Sequence[tuple[Slice, SliceRow]]


async def tell_trends(session: AsyncSession, period: Period, now: datetime) -> Trends:
    """The days of the period that are final, and in the month that runs the running day.

    Read off what is stored: no facts are looked at.
    """
    # First, here and below: what is heard while days are read may be missing from them.
    heard = await positions.complete_through(session)
    regions = await directory.list_regions(session)
    methodology = await methodology_of(session, period)
    mu_bp = await mu_of(session, period, methodology)
    found: dict[str, list[Placed]] = {code: [] for code in regions}
    days = await trends.days_of(session, str(period))
    for day, tallies in days.items():
        placed = places(tallies, mu_bp, methodology)
        for code, one in tallies.items():
            if code in found:
                found[code].append(Placed(day, one, placed[code]))
    running = await _running(session, period, mu_bp, methodology, now)
    for code, (one, place) in running.items():
        today = min(date_in(regions[code].timezone, now), period.end)
        if code in found and today >= period.start and today not in days:
            found[code].append(Placed(today, one, place))
    return Trends(
        period,
        now,
        heard,
        methodology,
        mu_bp,
        max(days, default=None),
        found,
    )


async def tell_history(session: AsyncSession, code: str, period: Period, now: datetime) -> History:
    """A point per day that has begun, and a line per slice up to the period's end.

    What is stored of the days is read; for the others it costs what the region's own versions
    do. A day has places once it is final, and while it runs in the month that runs.
    Raises `RegionNotFound`.
    """
    heard = await positions.complete_through(session)
    region = await directory.get_region(session, code)
    methodology = await methodology_of(session, period)
    mu_bp = await mu_of(session, period, methodology)
    days = await trends.days_of(session, str(period))
    final = {day: tallies for day, tallies in days.items() if code in tallies}
    moments = instants(period, region.timezone, now)
    others = [moment for moment in moments if moment[0] not in final]
    versions = await repository.versions_of(session, code, others[-1][1]) if others else []
    points = {
        point.day: point
        for point in history(versions, others, period, methodology, region.timezone)
    }
    running = await _running(session, period, mu_bp, methodology, now)
    rows: list[tuple[Point, int | None]] = []
    for day, _ in moments:
        if day in final:
            placed = places(final[day], mu_bp, methodology)
            point = Point(day, day_end(day, region.timezone), final[day][code])
            rows.append((point, placed[code]))
        else:
            is_running = day == moments[-1][0] and code in running
            rows.append((points[day], running[code][1] if is_running else None))
    return History(
        region,
        period,
        heard,
        methodology,
        mu_bp,
        rows,
        await slices.lines_of(session, code, f"{period.end:%Y-%m}"),
    )


async def _running(
    session: AsyncSession, period: Period, mu_bp: int, methodology: Methodology, now: datetime
) -> Mapping[str, tuple[Tally, int | None]]:
    """The regions as they stand now, with places; none but in the month that runs."""
    if period != current_period(now):
        return {}
    tallies, _ = await standings.stored_tallies(session, str(period))
    placed = places(tallies, mu_bp, methodology)
    return {code: (one, placed[code]) for code, one in tallies.items()}
