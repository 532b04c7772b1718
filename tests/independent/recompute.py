r"""The rating worked out a second time, from the published facts alone and by another hand.

It follows the methodology's text and shares no code with the services: plain dictionaries,
exact fractions, days counted one by one. From the shell it asks a running system for its facts
and for its rating, and prints where the two differ:

    python -m tests.independent.recompute --assignments URL --directory URL --rating URL \
        --token TOKEN --period 2023-10 --as-of 2023-10-31T20:59:59Z --region 16

`--slice ID` in the place of period and instant checks a frozen month, its μ and its hash.
"""

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cache
from math import floor
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import httpx

Fact = Mapping[str, Any]
Row = dict[str, Any]

RUSSIA = holidays.country_holidays("RU")
ONE_DAY = timedelta(days=1)
HASHED = [
    "region",
    "raw_bp",
    "stabilised_bp",
    "zone",
    "place",
    "numerator",
    "weight",
    "executions",
    "on_time",
    "debts",
    "provisional",
    "delay",
    "returns",
    "extensions",
]
COMPARED = (
    "raw_bp",
    "stabilised_bp",
    "zone",
    "place",
    "executions",
    "weight",
    "on_time_bp",
    "debts",
    "provisional",
)


def period_bounds(period: str) -> tuple[date, date]:
    """The first and the last day of `2023-10`, `2023-Q4` or `2023`."""
    year = int(period[:4])
    if re.fullmatch(r"\d{4}-Q[1-4]", period):
        months = (int(period[6]) * 3 - 2, 3)
    elif re.fullmatch(r"\d{4}-\d{2}", period):
        months = (int(period[5:]), 1)
    elif re.fullmatch(r"\d{4}", period):
        months = (1, 12)
    else:
        raise ValueError(f"{period!r} is no period")
    start = date(year, months[0], 1)
    end = start
    for _ in range(months[1]):
        end = (end + timedelta(days=31)).replace(day=1)
    return start, end - ONE_DAY


@cache
def is_worked(day: date) -> bool:
    return bool(RUSSIA.is_working_day(day))


def worked_days(after: date, until: date) -> Iterator[date]:
    """The working days in (after, until]."""
    day = after
    while day < until:
        day += ONE_DAY
        if is_worked(day):
            yield day


def days_of_grace(returned_on: date) -> date:
    """The third working day after ЦУР's return."""
    return list(worked_days(returned_on, returned_on + timedelta(days=30)))[2]


def as_known(versions: Iterable[Fact], as_of: datetime) -> list[Fact]:
    """The newest facts of each execution that were so by the instant."""
    by_then = [fact for fact in versions if datetime.fromisoformat(fact["occurred_at"]) <= as_of]
    by_then.sort(key=lambda fact: int(fact["version"]))
    return list({fact["execution_id"]: fact for fact in by_then}.values())


def judge(fact: Fact, start: date, end: date, today: date) -> Row | None:
    """What the execution brings into the period as of `today`; None if it does not count."""
    is_unit = (fact["origin"], fact["role"], fact["addressee"]) == ("protocol", "lead", "cluster")
    if not is_unit or fact["status"] in ("withdrawn", "superseded", "annulled"):
        return None
    due = date.fromisoformat(fact["due"])
    done = date.fromisoformat(fact["done"]) if fact["done"] else None
    handed_in_before = done is not None and done < start
    if due > end or (due < start and handed_in_before):
        return None

    if fact["returned_on"]:
        due = max(due, days_of_grace(date.fromisoformat(fact["returned_on"])))
    if done is None:
        if due >= today:
            return None
        return {
            "weight": fact["weight"],
            "credit": 0,
            "on_time": 0,
            "debt": 1,
            "waiting": 0,
            "delay": len(list(worked_days(due, today))),
            "returns": fact["returns"],
            "extensions": fact["extensions"],
        }

    timeliness = Fraction(1)
    if done > due:
        late = len(list(worked_days(due, done))) or 1
        timeliness = max(Fraction(1, 10), Fraction(6, 10) - Fraction(4, 100) * (late - 1))
    quality = max(Fraction(7, 10), 1 - Fraction(fact["returns"], 10))
    discipline = Fraction(1)
    if fact["extensions"] > 1:
        discipline = max(Fraction(85, 100), 1 - Fraction(5, 100) * (fact["extensions"] - 1))
    return {
        "weight": fact["weight"],
        "credit": floor(10_000 * timeliness * quality * discipline),
        "on_time": int(done <= due),
        "debt": 0,
        "waiting": int(fact["accepted_at"] is None),
        "delay": 0 if done <= due else len(list(worked_days(due, done))) or 1,
        "returns": fact["returns"],
        "extensions": fact["extensions"],
    }


def basis_points(share: Fraction) -> int:
    """A share of 1 in basis points, half up."""
    return floor(share * 10_000 + Fraction(1, 2))


def summarise(region: str, judged: Sequence[Row], mu_bp: int) -> Row:
    """A region's line, without its place."""
    row: Row = {
        "region": region,
        "raw_bp": None,
        "stabilised_bp": None,
        "zone": None,
        "place": None,
        "executions": len(judged),
        "weight": sum(one["weight"] for one in judged),
        "on_time_bp": None,
        "debts": sum(one["debt"] for one in judged),
        "provisional": sum(one["waiting"] for one in judged),
        "numerator": sum(one["weight"] * one["credit"] for one in judged),
        "on_time": sum(one["on_time"] for one in judged),
        **{name: sum(one[name] for one in judged) for name in ("delay", "returns", "extensions")},
    }
    if judged:
        points = sum(Fraction(one["weight"] * one["credit"], 10_000) for one in judged)
        row["raw_bp"] = basis_points(points / row["weight"])
        drawn = (points + 3 * Fraction(mu_bp, 10_000)) / (row["weight"] + 3)
        row["stabilised_bp"] = basis_points(drawn)
        row["on_time_bp"] = basis_points(
            Fraction(sum(one["on_time"] for one in judged), len(judged))
        )
        for zone, least in (("red", 0), ("yellow", 7500), ("green", 9000)):
            if row["raw_bp"] >= least:
                row["zone"] = zone
    return row


def is_better(one: Row, other: Row) -> bool:
    """By stabilised score, then the share on time, then fewer debts, all as shown."""
    for name, sign in (("stabilised_bp", 1), ("on_time_bp", 1), ("debts", -1)):
        if one[name] != other[name]:
            return bool(sign * one[name] > sign * other[name])
    return False


def recompute(
    versions: Iterable[Fact],
    zones: Mapping[str, str],
    as_of: datetime,
    period: str,
    mu_bp: int = 8000,
) -> dict[str, Row]:
    """Every region's line, from facts as `GET /v1/executions/facts` gives them."""
    start, end = period_bounds(period)
    judged: dict[str, list[Row]] = {region: [] for region in zones}
    for fact in as_known(versions, as_of):
        today = as_of.astimezone(ZoneInfo(zones[fact["region"]])).date()
        found = judge(fact, start, end, today)
        if found is not None:
            judged[fact["region"]].append(found)
    return place([summarise(region, found, mu_bp) for region, found in judged.items()])


def place(rows: Sequence[Row]) -> dict[str, Row]:
    """The lines by region, with their places."""
    placed = [row for row in rows if row["executions"] >= 3]
    for row in placed:
        row["place"] = 1 + sum(is_better(other, row) for other in placed)
    return {row["region"]: row for row in rows}


def recompute_slice(
    versions: Iterable[Fact], zones: Mapping[str, str], period: str, mu_bp: int
) -> dict[str, Row]:
    """Every region's line when the month had ended in its zone."""
    start, end = period_bounds(period)
    after = end + ONE_DAY
    known = list(versions)
    rows = []
    for region, zone in zones.items():
        cut_off = datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone))
        own = as_known([fact for fact in known if fact["region"] == region], cut_off)
        judged = [judge(fact, start, end, after) for fact in own]
        rows.append(summarise(region, [one for one in judged if one is not None], mu_bp))
    return place(rows)


def result_hash(period: str, rows: Mapping[str, Row]) -> str:
    """The hash of a slice's result, as `docs/slices.md` says it is made."""
    lines: list[Mapping[str, Any]] = [{"schema": "slice-result/1", "period": period}]
    for region in sorted(rows):
        lines.append({name: rows[region][name] for name in HASHED})
    text = "".join(
        json.dumps(line, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n"
        for line in lines
    )
    return hashlib.sha256(text.encode()).hexdigest()


def national(rows: Mapping[str, Row]) -> int | None:
    """The raw score of all regions pooled."""
    weight = sum(row["weight"] for row in rows.values())
    points = sum(row["numerator"] for row in rows.values())
    return basis_points(Fraction(points, weight * 10_000)) if weight else None


def slice_differences(mine: Mapping[str, Row], told: Row) -> list[str]:
    """Where a slice as published is not what the facts say, in words."""
    found = differences(mine, told["items"])
    for name, here in (
        ("result_hash", result_hash(told["period"], mine)),
        ("national_raw_bp", national(mine)),
    ):
        if told[name] != here:
            found.append(f"{name} is {here!r} by the facts, {told[name]!r} as published")
    return found


def hand_in(
    versions: Iterable[Fact], zones: Mapping[str, str], as_of: datetime, *executions: str
) -> list[Fact]:
    """The facts of the instant, had these executions been handed in on its day."""
    found = []
    for fact in as_known(versions, as_of):
        if fact["execution_id"] in executions:
            today = as_of.astimezone(ZoneInfo(zones[fact["region"]])).date()
            fact = {**fact, "done": str(today), "status": "forwarded", "accepted_at": None}
        found.append(fact)
    return found


def what_if(
    versions: Iterable[Fact],
    zones: Mapping[str, str],
    as_of: datetime,
    period: str,
    mu_bp: int = 8000,
    only: Sequence[str] = (),
) -> dict[str, Row]:
    """By execution: its region's line, were that execution alone handed in on the day.

    Of those that matter in the period and have no standing hand-in; `only` in these regions.
    """
    known = as_known(versions, as_of)
    start, end = period_bounds(period)
    rows = recompute(known, zones, as_of, period, mu_bp)
    found = {}
    for fact in known:
        region = fact["region"]
        if only and region not in only:
            continue
        if fact["done"] or judge(fact, start, end, date.max) is None:
            continue
        today = as_of.astimezone(ZoneInfo(zones[region])).date()
        own = [one for one in known if one["region"] == region]
        changed = hand_in(own, zones, as_of, fact["execution_id"])
        judged = [judge(one, start, end, today) for one in changed]
        row = summarise(region, [one for one in judged if one is not None], mu_bp)
        if row["executions"] >= 3:
            others = [other for other in rows.values() if other["region"] != region]
            row["place"] = 1 + sum(
                other["executions"] >= 3 and is_better(other, row) for other in others
            )
        found[fact["execution_id"]] = row
    return found


def action_differences(mine: Mapping[str, Row], before: Row, published: Iterable[Row]) -> list[str]:
    """Where a region's actions, as published, lead elsewhere than the facts say, in words."""
    theirs = {one["execution_id"]: one for one in published if one["move"] != "wait"}
    found = [f"{one}: only one side can be handed in" for one in mine.keys() ^ theirs.keys()]
    for execution in sorted(mine.keys() & theirs.keys()):
        row = mine[execution]
        expected = {
            "raw_bp": row["raw_bp"],
            "stabilised_bp": row["stabilised_bp"],
            "place": row["place"],
            "place_before": before["place"],
            "delta_bp": _gain(before["stabilised_bp"], row["stabilised_bp"]),
            "raw_delta_bp": _gain(before["raw_bp"], row["raw_bp"]),
        }
        for name, here in expected.items():
            there = theirs[execution][name]
            if here != there:
                found.append(f"{execution}: {name} is {here!r} by the facts, {there!r} as told")
    return found


def _gain(before: int | None, after: int | None) -> int | None:
    return None if before is None or after is None else after - before


def differences(mine: Mapping[str, Row], theirs: Iterable[Row]) -> list[str]:
    """Where the lines differ, in words; empty when they are the same."""
    published = {row["region"]: row for row in theirs}
    found = [f"{region}: only one side has it" for region in mine.keys() ^ published.keys()]
    for region in sorted(mine.keys() & published.keys()):
        for name in COMPARED:
            here, there = mine[region][name], published[region][name]
            if here != there:
                found.append(f"{region}: {name} is {here!r} by the facts, {there!r} as published")
    return found


def read_all(http: httpx.Client, url: str, **params: Any) -> list[Row]:
    """Every item of a paged list."""
    found: list[Row] = []
    cursor = None
    while True:
        asked = {**params, "cursor": cursor} if cursor else params
        response = http.get(url, params=asked)
        response.raise_for_status()
        page = response.json()
        found += page["items"]
        cursor = page["next_cursor"]
        if not cursor:
            return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare a running system with its own facts; 1 when they differ."""
    parser = argparse.ArgumentParser(description="Recompute the rating from the published facts.")
    for name in ("assignments", "directory", "rating", "token"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("period", "as-of", "slice"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--region", action="append", default=[], help="check its actions, too")
    options = parser.parse_args(arguments)
    if not options.slice and not (options.period and options.as_of):
        parser.error("--period and --as-of, or --slice")
    headers = {"Authorization": f"Bearer {options.token}"}
    with httpx.Client(headers=headers, timeout=60) as http:
        found, said = (
            _check_slice(http, options) if options.slice else _check_rating(http, options, parser)
        )
    for line in found:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{said}: {len(found)} differences.\n")
    return 1 if found else 0


def _zones(http: httpx.Client, options: argparse.Namespace) -> dict[str, str]:
    regions = read_all(http, f"{options.directory}/v1/regions", limit=100)
    return {region["code"]: region["timezone"] for region in regions}


def _facts(http: httpx.Client, options: argparse.Namespace, as_of: datetime) -> list[Row]:
    url = f"{options.assignments}/v1/executions/facts"
    return read_all(http, url, as_of=as_of.isoformat())


def _told(http: httpx.Client, url: str, **params: str) -> Any:
    response = http.get(url, params=params)
    response.raise_for_status()
    return response.json()


def _check_rating(
    http: httpx.Client, options: argparse.Namespace, parser: argparse.ArgumentParser
) -> tuple[list[str], str]:
    as_of = datetime.fromisoformat(options.as_of)
    if as_of.tzinfo is None:
        parser.error("--as-of needs an offset, for example 2023-10-31T20:59:59Z")
    zones, facts = _zones(http, options), _facts(http, options, as_of)
    asked = {"period": options.period, "as_of": as_of.isoformat()}
    rating = _told(http, f"{options.rating}/v1/ratings/regions", **asked)
    mine = recompute(facts, zones, as_of, options.period, rating["mu_bp"])
    heard = rating["complete_through"]
    if heard is None or datetime.fromisoformat(heard) < as_of:
        sys.stdout.write(f"The rating has heard everything only up to {heard}.\n")
    found = differences(mine, rating["items"])
    for region in options.region:
        told = _told(http, f"{options.rating}/v1/ratings/regions/{region}/actions", **asked)
        after = what_if(facts, zones, as_of, options.period, rating["mu_bp"], [region])
        found += action_differences(after, mine[region], told["actions"])
    return found, _said(mine, facts)


def _check_slice(http: httpx.Client, options: argparse.Namespace) -> tuple[list[str], str]:
    told = _told(http, f"{options.rating}/v1/slices/{options.slice}")
    if told["corrections"]:
        raise SystemExit("A revision sees corrected facts: verify it over its own address.")
    zones = _zones(http, options)
    _, end = period_bounds(told["period"])
    facts = _facts_per_zone(http, options, zones, end + ONE_DAY)
    mine = recompute_slice(facts, zones, told["period"], told["mu_bp"])
    return slice_differences(mine, told), _said(mine, facts)


def _facts_per_zone(
    http: httpx.Client, options: argparse.Namespace, zones: Mapping[str, str], after: date
) -> list[Row]:
    """The facts as of the month's end in each zone, of that zone's regions."""
    found = []
    for zone in sorted(set(zones.values())):
        cut_off = datetime(after.year, after.month, after.day, tzinfo=ZoneInfo(zone))
        known = _facts(http, options, cut_off)
        found += [fact for fact in known if zones[fact["region"]] == zone]
    return found


def _said(mine: Mapping[str, Row], facts: Sequence[Fact]) -> str:
    counted = sum(row["executions"] for row in mine.values())
    return f"{len(mine)} regions, {len(facts)} executions, {counted} of them count"


if __name__ == "__main__":
    sys.exit(main())
