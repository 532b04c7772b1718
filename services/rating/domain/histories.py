"""How a region's score went, day by day."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from services.rating.domain.cohorts import never_counts
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


def course(
    versions: Iterable[tuple[datetime, Facts]],
    moments: Iterable[tuple[date, datetime]],
    zone: str,
    rated: Mapping[Period, Methodology],
    base: Iterable[Facts] = (),
) -> Iterator[tuple[date, datetime, Mapping[Period, Tally]]]:
    """The sums of each period at each moment, from versions and when each came about.

    Moments rise. At each the newest version dated then or earlier counts, as in any `as_of`;
    `base`: the newest as of some instant, after which the versions go on.

    What is handed in is worth the same on any day (`credit`), so it is added once, and taken away
    when a newer version comes; day by day only what is not handed in is looked at.
    """
    ordered = sorted(versions, key=lambda version: version[0])
    sums = _Sums(rated)
    for one in base:
        sums.take(one)
    known = 0
    for day, moment in moments:
        while known < len(ordered) and ordered[known][0] <= moment:
            sums.take(ordered[known][1])
            known += 1
        yield day, moment, sums.on(_date_in(zone, moment))


class _Sums:
    """What the newest facts add up to in each period, kept while they change."""

    def __init__(self, rated: Mapping[Period, Methodology]) -> None:
        self._rated = rated
        self._newest: dict[UUID, Facts] = {}
        self._handed_in = dict.fromkeys(rated, Tally())
        self._due: dict[UUID, Facts] = {}

    def take(self, one: Facts) -> None:
        """The facts in the place of older ones; older than what is known they change nothing."""
        held = self._newest.get(one.execution_id)
        if held is not None:
            if held.version >= one.version:
                return
            self._due.pop(one.execution_id, None)
            if held.done is not None:
                for period, worth in self._worth(held, held.done):
                    self._handed_in[period] -= worth
        self._newest[one.execution_id] = one
        if one.done is not None:
            for period, worth in self._worth(one, one.done):
                self._handed_in[period] += worth
        elif never_counts(one) is None:
            self._due[one.execution_id] = one

    def _worth(self, one: Facts, today: date) -> Iterator[tuple[Period, Tally]]:
        for period, methodology in self._rated.items():
            yield period, tally([one], period, methodology, today)

    def on(self, today: date) -> dict[Period, Tally]:
        """The sums as of the date."""
        due = self._due.values()
        return {
            period: self._handed_in[period] + tally(due, period, methodology, today)
            for period, methodology in self._rated.items()
        }


def history(
    versions: Sequence[tuple[datetime, Facts]],
    moments: Iterable[tuple[date, datetime]],
    period: Period,
    methodology: Methodology,
    zone: str,
) -> list[Point]:
    """The sums of the period at each moment."""
    return [
        Point(day, moment, sums[period])
        for day, moment, sums in course(versions, moments, zone, {period: methodology})
    ]


def _date_in(zone: str, instant: datetime) -> date:
    return instant.astimezone(ZoneInfo(zone)).date()
