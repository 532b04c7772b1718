"""How a region's score went, day by day."""

from collections.abc import Collection, Iterable, Iterator, Sequence
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
    count = (min(period.end, _date_in(zone, now)) - period.start).days + 1
    days = [period.start + timedelta(days=number) for number in range(count)]
    return [(day, min(now, day_end(day, zone)).astimezone(UTC)) for day in days]


def last_ended(zones: Iterable[str], instant: datetime) -> date:
    """The last day that has ended in each of the zones by the instant; at least one zone."""
    return min(_date_in(zone, instant) for zone in zones) - timedelta(days=1)


def day_end(day: date, zone: str) -> datetime:
    """The instant (UTC) at which the day has ended in the zone."""
    return datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone)).astimezone(UTC)


def states(
    versions: Iterable[tuple[datetime, Facts]],
    moments: Iterable[tuple[date, datetime]],
    base: Iterable[Facts] = (),
) -> Iterator[tuple[date, datetime, Collection[Facts]]]:
    """The newest facts at each moment, from versions and when each came about.

    Moments rise. At each the newest version dated then or earlier counts, as in any `as_of`;
    `base`: the newest as of some instant, after which the versions go on. What is yielded is
    a view: it is to be used up before the next.
    """
    ordered = sorted(versions, key=lambda version: version[0])
    newest: dict[object, Facts] = {one.execution_id: one for one in base}
    known = 0
    for day, moment in moments:
        while known < len(ordered) and ordered[known][0] <= moment:
            one = ordered[known][1]
            held = newest.get(one.execution_id)
            if held is None or held.version < one.version:
                newest[one.execution_id] = one
            known += 1
        yield day, moment, newest.values()


def history(
    versions: Sequence[tuple[datetime, Facts]],
    moments: Iterable[tuple[date, datetime]],
    period: Period,
    methodology: Methodology,
    zone: str,
) -> list[Point]:
    """The sums of the period at each moment."""
    return [
        Point(day, moment, tally(facts, period, methodology, _date_in(zone, moment)))
        for day, moment, facts in states(versions, moments)
    ]


def _date_in(zone: str, instant: datetime) -> date:
    return instant.astimezone(ZoneInfo(zone)).date()
