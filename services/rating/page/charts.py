"""The geometry of the charts: what an SVG template needs to draw a course of scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

_SPARK_WIDTH: Final = 100
_SPARK_HEIGHT: Final = 24
_SPARK_MARGIN: Final = 3
# A course flatter than this is drawn flat and not blown up into mountains.
_LEAST_SPAN: Final = 500
_STEPS: Final = (100, 200, 500, 1000, 2000)
_MOST_LINES: Final = 6
_WHOLE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Spark:
    """A course as a small line: its path, and its ends for words."""

    path: str
    x: str
    y: str
    first: int
    last: int


def spark(values: Sequence[int | None]) -> Spark | None:
    """A line through the values that are there, in a box of 100 × 24; None for less than two."""
    known = [(number, value) for number, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return None
    scores = [value for _, value in known]
    middle = (min(scores) + max(scores)) / 2
    span = max(max(scores) - min(scores), _LEAST_SPAN)
    inner = _SPARK_HEIGHT - 2 * _SPARK_MARGIN
    begin, end = known[0][0], known[-1][0]

    def place(number: int, value: int) -> tuple[str, str]:
        x = _SPARK_MARGIN + (number - begin) / (end - begin) * (_SPARK_WIDTH - 2 * _SPARK_MARGIN)
        y = _SPARK_HEIGHT / 2 - (value - middle) / span * inner
        return f"{x:.1f}", f"{y:.1f}"

    dots = [place(number, value) for number, value in known]
    path = "M" + "L".join(f"{x} {y}" for x, y in dots)
    return Spark(path, *dots[-1], first=scores[0], last=scores[-1])


@dataclass(frozen=True, slots=True)
class Mark:
    """A day's score: where it stands, in hundredths of the chart's width and height."""

    day: date
    value: int
    raw: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Band:
    """A zone as a stripe across the chart."""

    zone: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Trend:
    """A chart of scores by day over the whole period, its days to come left empty."""

    marks: Sequence[Mark]
    path: str
    raw_path: str
    levels: Sequence[tuple[int, float]]
    bands: Sequence[Band]
    days: Sequence[tuple[date, float]]
    before: tuple[int, float] | None  # the score the course began from, and its height


Course = Sequence[tuple[date, int | None, int | None]]


def trend(
    course: Course,
    start: date,
    end: date,
    *,
    green_from: int,
    yellow_from: int,
    before: int | None = None,
) -> Trend | None:
    """The chart of each day's score and raw score where there are; None where there are none.

    `before` is the score of the last slice, drawn as a line to compare with.
    """
    known = [
        (day, value, raw) for day, value, raw in course if value is not None and raw is not None
    ]
    if not known:
        return None
    scores = [score for _, value, raw in known for score in (value, raw)]
    low, high, step = _scale(scores if before is None else [*scores, before])
    span = (end - start).days or 1

    def x(day: date) -> float:
        return round((day - start).days / span * 100, 2)

    def y(value: int) -> float:
        return round((high - min(max(value, low), high)) / (high - low) * 100, 2)

    marks = [Mark(day, value, raw, x(day), y(value)) for day, value, raw in known]
    edges = (("green", green_from, _WHOLE), ("yellow", yellow_from, green_from))
    stripes = [*edges, ("red", 0, yellow_from)]
    bands = [Band(zone, y(top), round(y(bottom) - y(top), 2)) for zone, bottom, top in stripes]
    ticks = _ticks(start, end)
    return Trend(
        marks,
        "M" + "L".join(f"{mark.x} {mark.y}" for mark in marks),
        "M" + "L".join(f"{mark.x} {y(mark.raw)}" for mark in marks),
        [(level, y(level)) for level in range(low, high + 1, step)],
        [band for band in bands if band.height > 0],
        [(day, x(day)) for day in ticks],
        None if before is None else (before, y(before)),
    )


def _scale(values: Sequence[int]) -> tuple[int, int, int]:
    """The lowest and the highest level and the step between levels, in round points."""
    spread = max(max(values) - min(values), 2 * _LEAST_SPAN)
    step = next((one for one in _STEPS if spread / one <= _MOST_LINES - 2), _STEPS[-1])
    low = max(0, (min(values) - 1) // step * step)
    high = min(_WHOLE, -(-(max(values) + 1) // step) * step)
    return low, high, step


def _ticks(start: date, end: date) -> list[date]:
    """A label each week or so, the ends among them."""
    last = (end - start).days
    count = max(1, round(last / 7))
    return sorted(
        {date.fromordinal(start.toordinal() + round(last * n / count)) for n in range(count + 1)}
    )
