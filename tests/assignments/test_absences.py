"""Announcing a coordinator's absence: days that can be meant, once each; and the list of all."""

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.assignments.domain import absences
from services.assignments.models import Absence, KnownRegion
from shared.db import Sessions, transaction
from shared.ids import new_id
from tests.assignments.stand import Stand, msk
from tests.conftest import NOW, Headers, Tokens

PATH = "/v1/absences"
TODAY = NOW.date()


def _days(first: int, last: int) -> dict[str, str]:
    """From so many days after today to so many."""
    return {
        "away_from": (TODAY + timedelta(days=first)).isoformat(),
        "away_to": (TODAY + timedelta(days=last)).isoformat(),
    }


def _body(first: int, last: int, **more: Any) -> dict[str, Any]:
    return {"region": "16", "reason": "Отпуск", **_days(first, last), **more}


@pytest.mark.usefixtures("known_region")
@pytest.mark.parametrize(
    ("days", "field", "code"),
    [
        ((3, 2), "away_to", "days_reversed"),
        ((-30, -1), "away_to", "absence_past"),
        ((0, 366), "away_to", "absence_too_long"),
        ((-366, 0), "away_to", "absence_too_long"),
        ((-1370, 2282), "away_to", "absence_too_long"),
        ((367, 370), "away_from", "absence_too_far"),
    ],
)
async def test_days_nobody_means_are_refused_by_name(
    stand: Stand, days: tuple[int, int], field: str, code: str
) -> None:
    refused = await stand.post("coordinator", PATH, _body(*days), expect=(422, code))
    assert [one["field"] for one in refused["errors"]] == [f"body.{field}"]
    assert (await stand.get(PATH))["items"] == []


@pytest.mark.usefixtures("known_region")
@pytest.mark.parametrize("days", [(-30, 0), (0, 0), (0, 365), (366, 366), (366, 731)])
async def test_the_outermost_days_are_taken(stand: Stand, days: tuple[int, int]) -> None:
    await stand.post("coordinator", PATH, _body(*days), expect=201)


async def test_today_is_the_regions_own(stand: Stand, sessions: Sessions) -> None:
    names = dict.fromkeys(("name", "short_name", "federal_district"), "x")
    async with transaction(sessions) as session:
        session.add(KnownRegion(code="16", timezone="Asia/Kamchatka", version=1, **names))
    # In Kamchatka the 3rd begins at 15:00 in Moscow.
    past, body = (422, "absence_past"), _body(0, 0)
    await stand.post("coordinator", PATH, body, at=msk("2023-10-02", "15:01"), expect=past)
    await stand.post("coordinator", PATH, body, at=msk("2023-10-02", "14:59"), expect=201)


@pytest.mark.usefixtures("known_region")
async def test_a_day_is_announced_once_until_its_absence_is_ended(stand: Stand) -> None:
    standing = await stand.post("coordinator", PATH, _body(7, 14), expect=201)
    for days in ((7, 14), (1, 7), (14, 20), (9, 10), (1, 30)):
        refused = await stand.post(
            "coordinator", PATH, _body(*days), expect=(409, "absence_overlaps")
        )
        assert [one["field"] for one in refused["errors"]] == ["body.away_from"]
    for days in ((1, 6), (15, 20)):
        await stand.post("admin", PATH, _body(*days), expect=201)
    await stand.post("coordinator", f"{PATH}/{standing['id']}/end")
    await stand.post("coordinator", PATH, _body(7, 14), expect=201)


async def test_a_region_nobody_has_told_of_is_named(stand: Stand) -> None:
    body = _body(1, 2, region="99")
    refused = await stand.post("admin", PATH, body, expect=(404, "region_not_found"))
    assert [one["field"] for one in refused["errors"]] == ["body.region"]


@pytest.mark.usefixtures("known_region")
async def test_of_absences_announced_at_once_one_stands(
    api: httpx.AsyncClient, token: Tokens
) -> None:
    headers = token("coordinator", regions=["16"])

    async def announce(last: int) -> int:
        answer = await api.post(PATH, headers=headers, json=_body(5, last))
        return answer.status_code

    answers = await asyncio.gather(*(announce(last) for last in range(6, 14)))

    assert sorted(answers) == [201] + [409] * 7


async def test_the_list_has_pages_and_one_region_hides_no_other(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens
) -> None:
    async with transaction(sessions) as session:
        session.add_all(_stored(region) for region in ["77"] + ["16"] * 200)

    everything = await _all(api, token("auditor"))
    own = await _all(api, token("coordinator", regions=["77"]))

    assert [one["region"] for one in everything] == ["16"] * 200 + ["77"]
    assert len({UUID(one["id"]) for one in everything}) == 201
    assert own == everything[-1:]


def _stored(region: str) -> Absence:
    return Absence(
        id=new_id(),
        region=region,
        away_from=date(2023, 10, 9),
        away_to=date(2023, 10, 20),
        reason="Отпуск",
        created_by="x",
        created_at=NOW,
    )


async def _all(api: httpx.AsyncClient, headers: Headers) -> list[dict[str, Any]]:
    found, path = [], f"{PATH}?limit=70"
    while path:
        answer = await api.get(path, headers=headers)
        page = answer.json()
        assert len(page["items"]) <= 70
        found += page["items"]
        path = f"{PATH}?limit=70&cursor={page['next_cursor']}" if page["next_cursor"] else ""
    return found


def test_a_leap_year_off_can_be_announced() -> None:
    absences.check_days(date(2024, 1, 1), date(2024, 12, 31), today=date(2023, 12, 1))
