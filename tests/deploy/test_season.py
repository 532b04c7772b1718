"""The season's plan: the same for the same seed, of the promised size, on days people work."""

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import date

import pytest

from deploy.season.plan import FIRST_UNIFIED, Cluster, Item, Season, Step, make_season, script
from services.directory.service.reference import REFERENCE
from shared.workdays import add_working_days, is_working_day


def _rows(name: str, column: str) -> list[tuple[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        return [(row["code"], row[column]) for row in csv.DictReader(file)]


def plan(seed: int = 2023, clusters: int = 370) -> Season:
    return make_season(
        seed, clusters, _rows("regions.csv", "short_name"), _rows("industries.csv", "name")
    )


def _addressed(season: Season, item: Item) -> list[Cluster]:
    return [
        cluster
        for cluster in season.clusters
        if (not item.cohorts or cluster.cohort in item.cohorts)
        and (not item.industries or cluster.industry in item.industries)
    ]


def _scripts(season: Season) -> Iterator[list[Step]]:
    regions = {region.code: region for region in season.regions}
    for meeting in season.meetings:
        for number, item in enumerate(meeting.items, 1):
            if item.authorities:
                continue
            due = item.due_on or add_working_days(meeting.on, 20)
            for cluster in _addressed(season, item):
                name = f"{meeting.on} п. {number}"
                region = regions[cluster.region]
                yield script(season, region, cluster.code, name, meeting.on, due)


def test_the_default_season_is_as_large_as_promised() -> None:
    season = plan()
    scripts = list(_scripts(season))
    assert (len(season.regions), len(season.clusters)) == (89, 370)
    assert len({cluster.region for cluster in season.clusters}) == 89
    assert len(scripts) >= 3500
    assert sum(map(len, scripts)) >= 19_000
    commands = Counter(step.command for steps in scripts for step in steps)
    assert commands["ask"] == commands["grant"] + commands["refuse"] > 50


def test_the_same_seed_gives_the_same_season_and_another_gives_another() -> None:
    assert plan(7, 100) == plan(7, 100)
    assert list(_scripts(plan(7, 100))) == list(_scripts(plan(7, 100)))
    assert plan(7, 100) != plan(8, 100)


def test_steps_follow_each_other_on_working_days() -> None:
    for steps in _scripts(plan(7, 100)):
        instants = [step.at for step in steps]
        assert instants == sorted(set(instants))
        assert all(is_working_day(step.at.date()) for step in steps)


def test_unified_meetings_are_wednesdays_and_cohort_series_end_the_day_before() -> None:
    meetings = plan().meetings
    unified = [meeting.on for meeting in meetings if meeting.series == "unified"]
    others = [meeting.on for meeting in meetings if meeting.series != "unified"]
    assert {day.weekday() for day in unified} == {2}
    assert min(unified) == FIRST_UNIFIED == date(2023, 10, 4)
    assert max(others) < FIRST_UNIFIED


def test_the_first_item_asks_the_authorities_for_coordinators() -> None:
    (item,) = [item for meeting in plan().meetings for item in meeting.items if item.authorities]
    assert item.closes_on == "coordinator_appointed"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_region_gets_a_coordinator_after_the_protocol(seed: int) -> None:
    days = [region.coordinator_from for region in plan(seed).regions]
    assert min(days) >= date(2023, 9, 14)
    assert all(is_working_day(day) for day in days)
