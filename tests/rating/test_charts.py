"""The charts' geometry: everything drawn lies within the picture, and means what it says."""

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rating.page.charts import Trend, spark, trend

START, END = date(2023, 10, 1), date(2023, 10, 31)
SCORES = st.none() | st.integers(0, 10_000)


def drawn(*scores: tuple[int | None, int | None], before: int | None = None) -> Trend | None:
    course = [(START + timedelta(days=n), *pair) for n, pair in enumerate(scores)]
    return trend(course, START, END, green_from=9000, yellow_from=7500, before=before)


def numbers(path: str) -> list[float]:
    return [float(text) for text in re.findall(r"-?\d+(?:\.\d+)?", path)]


@given(st.lists(SCORES, max_size=31))
def test_a_spark_stays_in_its_box_and_ends_where_its_dot_is(scores: list[int | None]) -> None:
    found = spark(scores)
    known = [one for one in scores if one is not None]
    assert (found is None) == (len(known) < 2)
    if found is not None:
        xs, ys = numbers(found.path)[::2], numbers(found.path)[1::2]
        assert len(xs) == len(known)
        assert xs == sorted(xs)
        assert 0 <= min(xs) <= max(xs) <= 100
        assert 0 <= min(ys) <= max(ys) <= 24
        assert (float(found.x), float(found.y)) == (xs[-1], ys[-1])
        assert (found.first, found.last) == (known[0], known[-1])


def test_up_is_better_and_a_flat_course_is_drawn_flat() -> None:
    rising = spark([8000, 9000])
    assert rising is not None
    assert numbers(rising.path)[1] > numbers(rising.path)[3]
    flat = spark([8000, 8010])
    assert flat is not None
    assert numbers(flat.path)[1] - numbers(flat.path)[3] < 1


@given(st.lists(st.tuples(SCORES, SCORES), max_size=31), SCORES)
def test_a_trend_stays_in_its_picture(
    scores: list[tuple[int | None, int | None]], before: int | None
) -> None:
    found = drawn(*scores, before=before)
    assert (found is None) == all(a is None or b is None for a, b in scores)
    if found is None:
        return
    heights = [mark.y for mark in found.marks] + [y for _, y in found.levels]
    assert 0 <= min(heights) <= max(heights) <= 100
    assert all(0 <= number <= 100 for number in numbers(found.path) + numbers(found.raw_path))
    assert sum(band.height for band in found.bands) == pytest.approx(100, abs=0.1)
    assert 2 <= len(found.levels) <= 12
    assert len({level for level, _ in found.levels}) == len(found.levels)
    assert [found.days[0][0], found.days[-1][0]] == [START, END]


def test_the_zones_are_where_their_scores_are() -> None:
    found = drawn((6000, 6100), (9500, 9600))
    assert found is not None
    assert [band.zone for band in found.bands] == ["green", "yellow", "red"]
    green, yellow, red = found.bands
    levels = dict(found.levels)
    assert green.y + green.height == pytest.approx(levels[9000], abs=0.01)
    assert yellow.y == pytest.approx(levels[9000], abs=0.01)
    assert red.y > yellow.y


def test_days_to_come_are_left_empty() -> None:
    found = drawn((8000, 8000), (8100, 8100))
    assert found is not None
    assert found.marks[-1].x == pytest.approx(100 / 30, abs=0.01)
