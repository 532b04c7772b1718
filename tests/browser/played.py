"""A month of facts for every region, and what the domain makes of it: no number is invented."""

import csv
import random
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

from services.rating.board.live import render_row
from services.rating.domain.breakdowns import breakdown
from services.rating.domain.explanations import explain
from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import RERU_1
from services.rating.domain.periods import Period
from services.rating.domain.scores import tally
from services.rating.domain.slices import SliceStatus, day_after
from services.rating.models import Region, Slice, SliceRow
from services.rating.page.charts import Course
from services.rating.service.corridors import corridors_of
from services.rating.service.profiles import Frozen, Month, Profile, profile
from services.rating.service.regions import Rating, Row, rank
from tests.rating.facts import make_facts, number

_REGIONS: Final = Path(__file__).parents[2] / "services/directory/reference/regions.csv"
NOW: Final = datetime(2023, 10, 20, 9, tzinfo=UTC)
OCTOBER: Final = Period.parse("2023-10")
SEPTEMBER: Final = Period.parse("2023-09")
MONTHS: Final = ["2023-10", "2023-09"]
MU_BP: Final = 8240
# The region without a single execution.
IDLE: Final = "95"


@cache
def _regions() -> dict[str, Region]:
    with _REGIONS.open(encoding="utf-8") as file:
        return {
            line["code"]: Region(
                code=line["code"],
                name=line["name"],
                short_name=line["short_name"],
                federal_district=line["federal_district"],
                timezone=line["timezone"],
                version=1,
            )
            for line in csv.DictReader(file)
        }


def _facts(code: str) -> list[Facts]:
    """Some thirty executions, from punctual to hopeless, by region."""
    if code == IDLE:
        return []
    dice = random.Random(code)
    care = dice.random()
    found = []
    for count in range(dice.randint(12, 40)):
        due = date(2023, 9, 4) + timedelta(days=dice.randint(0, 60))
        late = 0 if dice.random() < 0.5 + care / 2 else dice.randint(1, 12)
        done = due + timedelta(days=late - dice.randint(0, 2))
        returns = dice.choice([0, 0, 0, 0, 1, 1, 2])
        handed_in = done <= NOW.date() and dice.random() < 0.85 + care / 8
        known: dict[str, Any] = {
            "execution_id": number(int(code) * 1000 + count),
            "region": code,
            "weight": dice.choice([1, 1, 2, 3]),
            "due0": due,
            "due": due,
        }
        if handed_in:
            known |= {
                "done": done,
                "status": "accepted" if dice.random() < 0.7 else "forwarded",
                "returns": returns,
                "returned_on": done - timedelta(days=1) if returns else None,
                "extensions": dice.choice([0, 0, 0, 1, 2, 3]),
            }
        else:
            known |= {"done": None, "status": dice.choice(["in_progress", "submitted"])}
        found.append(make_facts(**known))
    return found


@cache
def _month(period: Period, as_of: datetime) -> Month:
    facts = {code: _facts(code) for code in _regions()}
    tallies = {code: tally(facts[code], period, RERU_1, as_of.date()) for code in facts}
    before = _september_lines() if period == OCTOBER else None
    rows = rank(_regions(), tallies, MU_BP, RERU_1, before)
    rating = Rating(period, as_of, as_of, RERU_1, MU_BP, rows)
    return Month(rating, facts, corridors_of(rating, facts))


@cache
def _september_lines() -> dict[str, SliceRow]:
    return {row.region.code: _slice_row(row) for row in _month(SEPTEMBER, _END).rating.rows}


def _slice_row(row: Row) -> SliceRow:
    sums = {name: getattr(row.tally, name) for name in type(row.tally).__dataclass_fields__}
    return SliceRow(
        slice_id=SLICES[0].id,
        region=row.region.code,
        name=row.region.name,
        short_name=row.region.short_name,
        federal_district=row.region.federal_district,
        timezone=row.region.timezone,
        **sums,
        raw_bp=row.raw_bp,
        stabilised_bp=row.stabilised_bp,
        zone=row.zone,
        place=row.place,
    )


_END: Final = datetime(2023, 10, 1, tzinfo=UTC)


def _slice(revision: int, status: SliceStatus, reason: str | None) -> Slice:
    return Slice(
        period="2023-09",
        revision=revision,
        status=status,
        reason=reason,
        cut_off=datetime(2023, 9, 30, 22, tzinfo=UTC),
        methodology="РЭРУ-1",
        methodology_version=1,
        mu_bp=MU_BP,
        national_raw_bp=8312,
        complete_through=_END,
        inputs_hash="0f" * 32,
        result_hash="a7" * 32,
        created_at=_END,
        frozen_at=_END + timedelta(hours=3 * revision),
    )


SLICES: Final = [
    Slice(
        period="2023-10",
        revision=0,
        status=SliceStatus.DRAFT,
        cut_off=datetime(2023, 10, 31, 22, tzinfo=UTC),
        created_at=NOW,
    ),
    _slice(1, SliceStatus.PUBLISHED, "Апелляция региона 16 удовлетворена: возврат по ошибке"),
    _slice(0, SliceStatus.SENT, None),
]


def month() -> Month:
    """The month that runs, rated."""
    return _month(OCTOBER, NOW)


def running(code: str) -> tuple[Profile, dict[str, Any]]:
    """The region in the month that runs, and its line."""
    found = profile(month(), code)
    assert found is not None
    return found, render_row(found.row)


def frozen(code: str) -> tuple[Frozen, dict[str, Any]]:
    """The region in the month before, as frozen, and its line."""
    month = _month(SEPTEMBER, _END)
    row = next(row for row in month.rating.rows if row.region.code == code)
    parts = explain(month.facts[code], SEPTEMBER, RERU_1, day_after(SEPTEMBER))
    placed = sum(one.place is not None for one in month.rating.rows)
    found = Frozen(SLICES[1], _september_lines()[code], placed, RERU_1, breakdown(parts, SEPTEMBER))
    return found, render_row(row)


def course(found: Profile | Frozen, code: str) -> Course:
    """The score day by day, as if every fact had been known all the time."""
    period = OCTOBER if isinstance(found, Profile) else SEPTEMBER
    last = min(period.end, NOW.date())
    days = [period.start + timedelta(days=one) for one in range((last - period.start).days + 1)]
    known = _facts(code)
    sums = [tally(_by(known, day), period, RERU_1, day) for day in days]
    return [
        (day, one.stabilised_bp(MU_BP, RERU_1), one.raw_bp)
        for day, one in zip(days, sums, strict=True)
    ]


def _by(facts: list[Facts], day: date) -> list[Facts]:
    return [one for one in facts if one.done is None or one.done <= day]


def lines(code: str) -> list[tuple[Slice, SliceRow]]:
    """The region's line in its only frozen month."""
    return [(SLICES[1], _september_lines()[code])]


def slice_rows() -> list[dict[str, Any]]:
    """The frozen month's lines."""
    return [render_row(row) for row in _month(SEPTEMBER, _END).rating.rows]


def items() -> list[dict[str, Any]]:
    """The running month's lines."""
    return [render_row(row) for row in _month(OCTOBER, NOW).rating.rows]
