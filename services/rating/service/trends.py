"""The tallies of days that have ended, kept as each becomes final: what trends are read from."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.facts import Facts
from services.rating.domain.histories import course, day_end, last_ended
from services.rating.domain.methodologies import Methodology
from services.rating.domain.periods import Period
from services.rating.domain.scores import Tally
from services.rating.models import Region
from services.rating.repository import directory, positions, slices
from services.rating.repository import facts as heard
from services.rating.repository import trends as repository
from services.rating.service.methodologies import methodology_of
from shared.clock import MOSCOW

# So that nothing waits long for a region, and no more facts of a year are held at once.
_REGIONS: Final = 8
# By region, of every period and day.
_Tallies = dict[str, list[tuple[str, date, Tally]]]


async def advance(session: AsyncSession, now: datetime) -> date | None:
    """Keep the next days that are final, up to a month's end; the last day kept, if any was.

    A day is final once it has ended in every region's zone and every fact up to then is heard:
    facts that come later are dated later. Its methodology is that of its period, which does not
    change once the period has begun. A fact heard late all the same takes the region's mark
    back, and its days come anew. Safe to call from any number of workers at once.

    The marks are ours only while the points are stored: whoever hears a late fact, or a whole
    partition anew, waits for that and not for the work. Where a mark was taken back under the
    work, nothing of it is kept.
    """
    if not await repository.take_turn(session):
        return None
    complete_through = await positions.complete_through(session)
    first = await slices.first_heard(session)
    regions = await directory.list_regions(session)
    if complete_through is None or first is None or not regions:
        return None
    if await repository.begin_marks(session):
        # The marks are to be there for a late fact to take back before any day is worked out.
        return None
    zones = {region.timezone for region in regions.values()}
    last = last_ended(zones, min(complete_through, now))
    reached = await repository.reached(session)
    if reached is not None and reached >= last:
        return None
    beginning = first.astimezone(MOSCOW).date().replace(day=1)
    marks = await repository.marks(session)
    following = {
        code: beginning if mark.through is None else mark.through + timedelta(days=1)
        for code, mark in marks.items()
        if code in regions
    }
    if not following:
        # A rebuild has just forgotten them.
        return None
    start = min(following.values())
    # Every turn begins with all facts of the year as they were: the fewer turns the better.
    end = min(last, Period.month_of(start).end)
    behind = {code: marks[code] for code, day in following.items() if day <= end}
    if not behind:
        return None
    tallies = await _work_out(session, [regions[code] for code in sorted(behind)], start, end)
    return end if await repository.keep(session, tallies, end, behind) else None


async def _work_out(
    session: AsyncSession, regions: Iterable[Region], start: date, end: date
) -> _Tallies:
    """The tallies of these days, which are of one month, for the regions, some at a time."""
    periods = Period.all_of(start)
    rated = {period: await methodology_of(session, period) for period in periods}
    together: dict[str, list[str]] = defaultdict(list)
    for region in regions:
        together[region.timezone].append(region.code)
    days = [start + timedelta(days=number) for number in range((end - start).days + 1)]
    found: _Tallies = {}
    for zone, codes in together.items():
        moments = [(day, day_end(day, zone)) for day in days]
        for first in range(0, len(codes), _REGIONS):
            some = codes[first : first + _REGIONS]
            found |= await _work_out_regions(session, some, moments, zone, rated)
    return found


async def _work_out_regions(
    session: AsyncSession,
    codes: Sequence[str],
    moments: Sequence[tuple[date, datetime]],
    zone: str,
    rated: Mapping[Period, Methodology],
) -> _Tallies:
    begun, ended = moments[0][1], moments[-1][1]
    *_, year = rated
    # What is left out here as of the first day counts on a later one only in a newer version.
    base = await heard.facts_as_of(session, year, begun, codes)
    later = await heard.versions_between(session, codes, begun, ended)
    # In threads: the worker hears, relays and scores meanwhile.
    return {
        code: await asyncio.to_thread(_tallies, base[code], later[code], moments, zone, rated)
        for code in codes
    }


def _tallies(
    base: Sequence[Facts],
    later: Sequence[tuple[datetime, Facts]],
    moments: Sequence[tuple[date, datetime]],
    zone: str,
    rated: Mapping[Period, Methodology],
) -> list[tuple[str, date, Tally]]:
    """The sums of every day in each of its periods.

    As of a day's end it is already the next in the zone: all that was due has ended.
    """
    return [
        (str(period), day, one)
        for day, _, sums in course(later, moments, zone, rated, base)
        for period, one in sums.items()
    ]
