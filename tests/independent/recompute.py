"""The rating worked out a second time, from the published facts alone and by another hand.

It follows the methodology's text and shares no code with the services: plain dictionaries,
exact fractions, days counted one by one. `check.py` beside it asks a running system.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cache
from math import floor
from typing import Any
from zoneinfo import ZoneInfo

import holidays

Fact = Mapping[str, Any]
Row = dict[str, Any]

RUSSIA = holidays.country_holidays("RU")
HALF = Fraction(1, 2)
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
    "mean_delay_hundredths",
    "returns",
    "extensions",
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
            "execution_id": fact["execution_id"],
            "due_star": str(due),
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
        "execution_id": fact["execution_id"],
        "due_star": str(due),
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
    return floor(share * 10_000 + HALF)


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
        "mean_delay_hundredths": None,
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
        row["mean_delay_hundredths"] = floor(Fraction(100 * row["delay"], len(judged)) + HALF)
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


def explain(
    versions: Iterable[Fact],
    zones: Mapping[str, str],
    as_of: datetime,
    period: str,
    region: str,
    today: date | None = None,
) -> dict[str, Row]:
    """By execution: what each that counts brings into the region's score.

    `today`: the date it is in the region, unless the instant itself says so; a slice's is the
    day after the month.
    """
    start, end = period_bounds(period)
    day = today or as_of.astimezone(ZoneInfo(zones[region])).date()
    own = as_known([fact for fact in versions if fact["region"] == region], as_of)
    judged = [judge(fact, start, end, day) for fact in own]
    return {one["execution_id"]: one for one in judged if one is not None}


def part_differences(mine: Mapping[str, Row], told: Row) -> list[str]:
    """Where a region's explanation, as published, is not what the facts say, in words."""
    theirs = {one["execution_id"]: one for one in told["parts"] if one["counts"]}
    found = [f"{one}: only one side counts it" for one in mine.keys() ^ theirs.keys()]
    for execution in sorted(mine.keys() & theirs.keys()):
        here, there = mine[execution], theirs[execution]
        expected = {
            "weight": here["weight"],
            "credit_bp": here["credit"],
            "contribution": here["weight"] * here["credit"],
            "due_star": here["due_star"],
            "late": here["delay"],
            "provisional": bool(here["waiting"]),
        }
        for name, value in expected.items():
            if there[name] != value:
                found.append(f"{execution}: {name} is {value!r} by the facts, {there[name]!r} told")
    for name, total in (
        ("numerator", sum(one["weight"] * one["credit"] for one in mine.values())),
        ("denominator", sum(one["weight"] for one in mine.values())),
    ):
        if told[name] != total:
            found.append(f"{name} is {total!r} by the facts, {told[name]!r} as told")
    return found


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
        # Every due day has ended by then, days of grace and of a rework included.
        last = max(end, as_of.date(), date.fromisoformat(fact["returned_on"] or end.isoformat()))
        if fact["done"] or judge(fact, start, end, last + timedelta(days=60)) is None:
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
