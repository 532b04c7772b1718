import shutil
import subprocess
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments import page
from services.assignments.domain.executions import Status
from services.assignments.service.register import RegionTally
from tests.assignments.register import OTHER, day, furnish, make_region, place
from tests.conftest import NOW, Tokens
from tests.factories import CLUSTER

JSON = "/v1/charts/executions-by-region"
SVG = f"{JSON}.svg"
CHROMIUM = shutil.which("chromium")
_NAMESPACE = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
async def world(session: AsyncSession) -> None:
    """89 regions, of which two have anything to do."""
    await furnish(session)
    codes = [f"{number:02}" for number in range(1, 90) if f"{number:02}" not in ("16", "77")]
    session.add_all([make_region(code, f"Область {code}") for code in codes])
    await session.flush()


async def _place(session: AsyncSession) -> None:
    await place(session, due=date(2023, 9, 29))
    await place(session)
    await place(session, status=Status.ACCEPTED, done=day(1))
    foreign: Any = {"region": "77", "cluster_id": OTHER, "industry": "agriculture"}
    await place(session, status=Status.FORWARDED, done=day(1), **foreign)


def _counted(answer: httpx.Response) -> dict[str, tuple[int, int, int]]:
    return {
        one["region"]: (one["open"], one["overdue"], one["awaiting_review"])
        for one in answer.json()["items"]
    }


async def test_every_known_region_is_there_with_its_numbers(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    await _place(session)

    answer = await client.get(JSON, headers=token("auditor"))

    counted = _counted(answer)
    assert len(counted) == 89
    assert (counted["16"], counted["77"], counted["01"]) == ((2, 1, 0), (1, 0, 1), (0, 0, 0))
    names = [one["name"] for one in answer.json()["items"]]
    assert names == sorted(names, key=str.lower)
    filtered = await client.get(JSON, params={"region": "16"}, headers=token("auditor"))
    assert _counted(filtered)["77"] == (0, 0, 0)


@pytest.mark.parametrize(
    ("claims", "counted"),
    [
        ({"role": "coordinator", "regions": ["16"]}, {"16": (2, 1, 0)}),
        ({"role": "deputy", "regions": ["77", "01"]}, {"01": (0, 0, 0), "77": (1, 0, 1)}),
        ({"role": "cluster", "clusters": [str(CLUSTER)]}, {"16": (2, 1, 0)}),
        ({"role": "authority_head", "regions": ["77"]}, {"77": (1, 0, 1)}),
        ({"role": "association", "industries": ["agriculture"]}, {"77": (1, 0, 1)}),
    ],
)
async def test_nobody_is_shown_another_regions_numbers_nor_zeros_for_them(
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
    claims: dict[str, Any],
    counted: dict[str, tuple[int, int, int]],
) -> None:
    await _place(session)
    assert _counted(await client.get(JSON, headers=token(**claims))) == counted
    picture = (await client.get(SVG, headers=token(**claims))).text
    for code, name in (("16", "Татарстан"), ("77", "Москва")):
        assert (name in picture) is (code in counted)


async def test_the_picture_says_in_words_what_it_shows(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    await _place(session)

    answer = await client.get(SVG, headers=token("auditor"))

    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    root = ElementTree.fromstring(answer.text)
    title, description = root.find(f"{_NAMESPACE}title"), root.find(f"{_NAMESPACE}desc")
    assert title is not None
    assert title.text == "Открытые исполнения по регионам на 2 октября 2023, 12:00 МСК"
    assert description is not None
    assert "Всего открыто 3: просрочено 1, ждут решения ЦУР 1." in str(description.text)
    said = [found.text for found in root.iter(f"{_NAMESPACE}title")]
    assert "Татарстан: открыто 2, просрочено 1, ждёт решения ЦУР 0" in said
    assert len(said) == 1 + 89


def test_names_cannot_break_out_of_the_picture() -> None:
    name = "</text><script>alert(1)</script>&\"'"
    picture = page.executions_by_region([RegionTally(region="16", name=name, open=1)], NOW)
    root = ElementTree.fromstring(picture)
    assert root.find(f".//{_NAMESPACE}script") is None
    assert any(text.text == name for text in root.iter(f"{_NAMESPACE}text"))


@pytest.mark.parametrize("longest", [0, 1, 9, 10, 11, 99, 1234])
def test_bars_fit_and_ticks_are_few_and_whole(longest: int) -> None:
    tally = RegionTally(region="16", name="Татарстан", open=longest, overdue=longest)
    root = ElementTree.fromstring(page.executions_by_region([tally], NOW))
    width = float(root.attrib["width"])
    for bar in root.iter(f"{_NAMESPACE}rect"):
        assert float(bar.get("x", 0)) + float(bar.attrib["width"]) <= width
    ticks = [text.text for text in root.iter(f"{_NAMESPACE}text") if text.get("class") == "tick"]
    assert 2 <= len(ticks) <= 11
    assert ticks[0] == "0"


def test_no_region_is_no_error() -> None:
    ElementTree.fromstring(page.executions_by_region([], NOW))


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is missing: install chromium")
def test_a_browser_draws_it(tmp_path: Path) -> None:
    tallies = [RegionTally(region="16", name="Татарстан", open=20, overdue=5, awaiting_review=5)]
    given, drawn = tmp_path / "chart.svg", tmp_path / "chart.png"
    given.write_text(page.executions_by_region(tallies, NOW), encoding="utf-8")
    subprocess.run(
        [
            *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu"),
            *("--disable-background-networking", f"--user-data-dir={tmp_path / 'profile'}"),
            *(f"--screenshot={drawn}", given.as_uri()),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    assert drawn.stat().st_size > 5_000
