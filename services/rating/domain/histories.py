"""How a region's score went, day by day."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import Methodology
from services.rating.domain.periods import Period
from services.rating.domain.scores import Tally, tally


@dataclass(frozen=True, slots=True)
class Point:
    """The region's sums when the day had ended in its zone; on the day that runs, now."""

    day: date
    as_of: datetime
    tally: Tally


def instants(period: Period, zone: str, now: datetime) -> list[tuple[date, datetime]]:
    """The period's days that have begun, and the instant (UTC) each is seen at."""
    local = ZoneInfo(zone)
    today = now.astimezone(local).date()
    count = (min(period.end, today) - period.start).days + 1
    days = [period.start + timedelta(days=number) for number in range(count)]
    ends = [datetime.combine(day + timedelta(days=1), time(), local) for day in days]
    return [(day, min(now, end).astimezone(UTC)) for day, end in zip(days, ends, strict=True)]


def history(
    versions: Sequence[tuple[datetime, Facts]],
    moments: Iterable[tuple[date, datetime]],
    period: Period,
    methodology: Methodology,
    zone: str,
) -> list[Point]:
    """The sums at each moment, from every version of the region's facts and when it came about.

    Moments rise. At each the newest version dated then or earlier counts, as in any `as_of`.
    """
    local = ZoneInfo(zone)
    ordered = sorted(versions, key=lambda version: version[0])
    newest: dict[object, Facts] = {}
    known, points = 0, []
    for day, moment in moments:
        while known < len(ordered) and ordered[known][0] <= moment:
            one = ordered[known][1]
            held = newest.get(one.execution_id)
            if held is None or held.version < one.version:
                newest[one.execution_id] = one
            known += 1
        today = moment.astimezone(local).date()
        points.append(Point(day, moment, tally(newest.values(), period, methodology, today)))
    return points
