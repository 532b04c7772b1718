r"""A running system against its own facts, worked out a second time; prints where they differ.

    python -m tests.independent.check --assignments URL --directory URL --rating URL \
        --token TOKEN --period 2023-10 --as-of 2023-10-31T20:59:59Z --region 16

`--region` (or `--every-region`) checks explanations and actions, too. `--slice ID` in the place
of period and instant checks a frozen month, its μ and its hash; `--season` every frozen month
and three instants of each.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from tests.independent import recompute
from tests.independent.recompute import ONE_DAY, Row, period_bounds

FIRST_MU = 8000


@dataclass
class Report:
    """What was compared, and where the two sides differ."""

    lines: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)

    def say(self, what: str, found: Sequence[str]) -> None:
        self.lines += [*found, f"{what}: {len(found)} differences."]
        self.differing += found


class System:
    """The system's published answers."""

    def __init__(
        self, http: httpx.Client, *, assignments: str, directory: str, rating: str
    ) -> None:
        self._http, self._assignments, self.rating = http, assignments, rating
        regions = self.all(f"{directory}/v1/regions", limit=100)
        self.zones = {region["code"]: region["timezone"] for region in regions}

    def get(self, url: str, **params: str) -> Any:
        response = self._http.get(url, params=params)
        response.raise_for_status()
        return response.json()

    def all(self, url: str, **params: Any) -> list[Row]:
        """Every item of a paged list."""
        found: list[Row] = []
        asked = params
        while True:
            page = self.get(url, **asked)
            found += page["items"]
            if not page["next_cursor"]:
                return found
            asked = {**params, "cursor": page["next_cursor"]}

    def facts(self, as_of: datetime) -> list[Row]:
        return self.all(
            f"{self._assignments}/v1/executions/facts", as_of=as_of.isoformat(), limit=1000
        )

    def facts_at_end(self, after: date) -> list[Row]:
        """The facts as of the beginning of a day in each zone, of that zone's regions."""
        found = []
        for zone in sorted(set(self.zones.values())):
            cut_off = datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone))
            known = self.facts(cut_off)
            found += [fact for fact in known if self.zones[fact["region"]] == zone]
        return found


def check_rating(
    system: System, period: str, as_of: datetime, regions: Sequence[str], report: Report
) -> None:
    """The lines of an instant; of these regions every part and every action, too."""
    facts, zones = system.facts(as_of), system.zones
    asked = {"period": period, "as_of": as_of.isoformat()}
    rating = system.get(f"{system.rating}/v1/ratings/regions", **asked)
    mu_bp = rating["mu_bp"]
    mine = recompute.recompute(facts, zones, as_of, period, mu_bp)
    heard = rating["complete_through"]
    if heard is None or datetime.fromisoformat(heard) < as_of:
        report.lines.append(f"The rating has heard everything only up to {heard}.")
    found = recompute.differences(mine, rating["items"])
    counted = actions = 0
    after = recompute.what_if(facts, zones, as_of, period, mu_bp, regions) if regions else {}
    of_region = {fact["execution_id"]: fact["region"] for fact in facts}
    for region in regions:
        base = f"{system.rating}/v1/ratings/regions/{region}"
        parts = recompute.explain(facts, zones, as_of, period, region)
        found += recompute.part_differences(parts, system.get(f"{base}/explanation", **asked))
        own = {one: row for one, row in after.items() if of_region[one] == region}
        told = system.get(f"{base}/actions", **asked)
        found += recompute.action_differences(own, mine[region], told["actions"])
        counted, actions = counted + len(parts), actions + len(own)
    explained = f"; {counted} parts and {actions} actions" if regions else ""
    report.say(f"{period} as of {as_of.isoformat()}, {_said(mine, facts)}{explained}", found)


def check_slice(system: System, slice_id: str, regions: Sequence[str], report: Report) -> None:
    """A frozen month, as it was first frozen: lines, hash, μ and the parts of these regions."""
    told = system.get(f"{system.rating}/v1/slices/{slice_id}")
    if told["corrections"]:
        raise SystemExit("A revision sees corrected facts: verify it over its own address.")
    period, zones = told["period"], system.zones
    _, end = period_bounds(period)
    facts = system.facts_at_end(end + ONE_DAY)
    mine = recompute.recompute_slice(facts, zones, period, told["mu_bp"])
    found = recompute.slice_differences(mine, told)
    expected = _mu_before(system, period)
    if told["mu_bp"] != expected:
        found.append(f"mu_bp is {expected!r} by the slices before, {told['mu_bp']!r} as published")
    counted = 0
    for region in regions:
        url = f"{system.rating}/v1/slices/{slice_id}/regions/{region}/explanation"
        parts = recompute.explain(
            facts, zones, datetime.max.replace(tzinfo=UTC), period, region, end + ONE_DAY
        )
        found += recompute.part_differences(parts, system.get(url))
        counted += len(parts)
    explained = f"; {counted} parts" if regions else ""
    said = f"slice {period}, {_said(mine, facts)}{explained}, result {told['result_hash']}"
    report.say(said, found)


def _mu_before(system: System, period: str) -> int:
    """What the newest month before says of the nation, as it was first frozen."""
    slices = system.get(f"{system.rating}/v1/slices")["items"]
    before = [
        one
        for one in slices
        if one["period"] < period and one["revision"] == 0 and one["national_raw_bp"] is not None
    ]
    newest = max(before, key=lambda one: str(one["period"]), default=None)
    return FIRST_MU if newest is None else int(newest["national_raw_bp"])


def check_season(system: System, regions: Sequence[str], report: Report) -> None:
    """Every frozen month, and three instants of each: two thirds of the way are open work."""
    slices = system.get(f"{system.rating}/v1/slices")["items"]
    frozen = sorted(
        (one for one in slices if one["revision"] == 0 and one["frozen_at"]),
        key=lambda one: str(one["period"]),
    )
    if not frozen:
        raise SystemExit("No month is frozen yet.")
    for one in frozen:
        check_slice(system, one["id"], regions, report)
        for as_of in instants_of(one["period"]):
            check_rating(system, one["period"], as_of, regions, report)
    last = frozen[-1]["period"]
    _, end = period_bounds(last)
    for period in (f"{last[:4]}-Q{(int(last[5:]) + 2) // 3}", last[:4]):
        check_rating(system, period, _noon(end), (), report)


def instants_of(period: str) -> Iterator[datetime]:
    """Noon of the tenth, an evening when the next day has begun in half of the zones, the end."""
    start, end = period_bounds(period)
    yield _noon(start + timedelta(days=9))
    yield _noon(start + timedelta(days=19)) + timedelta(hours=4, minutes=30)
    yield _noon(end)


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def _said(mine: Mapping[str, Row], facts: Sequence[Row]) -> str:
    counted = sum(row["executions"] for row in mine.values())
    return f"{len(mine)} regions, {len(facts)} executions, {counted} of them count"


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare a running system with its own facts; 1 when they differ."""
    parser = argparse.ArgumentParser(description="Recompute the rating from the published facts.")
    for name in ("assignments", "directory", "rating", "token"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("period", "as-of", "slice"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--season", action="store_true", help="every slice, three instants each")
    parser.add_argument("--region", action="append", default=[], help="its parts and actions, too")
    parser.add_argument("--every-region", action="store_true")
    options = parser.parse_args(arguments)
    if not (options.season or options.slice or (options.period and options.as_of)):
        parser.error("--period and --as-of, or --slice, or --season")
    headers = {"Authorization": f"Bearer {options.token}"}
    report = Report()
    with httpx.Client(headers=headers, timeout=60, trust_env=False) as http:
        system = System(
            http,
            assignments=options.assignments,
            directory=options.directory,
            rating=options.rating,
        )
        regions = sorted(system.zones) if options.every_region else options.region
        if options.season:
            check_season(system, regions, report)
        elif options.slice:
            check_slice(system, options.slice, regions, report)
        else:
            as_of = datetime.fromisoformat(options.as_of)
            if as_of.tzinfo is None:
                parser.error("--as-of needs an offset, for example 2023-10-31T20:59:59Z")
            check_rating(system, options.period, as_of, regions, report)
    for line in report.lines:
        sys.stdout.write(f"{line}\n")
    return 1 if report.differing else 0


if __name__ == "__main__":
    sys.exit(main())
