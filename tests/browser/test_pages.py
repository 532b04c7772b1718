"""Every page in a real browser: for everyone, in both languages, at every width."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
import uvicorn
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from tests.browser.conftest import Visits
from tests.browser.stage import Stage

pytestmark = pytest.mark.browser

PAGES: Final = {
    "board": "/",
    "region": "/regions/16",
    "idle region": "/regions/95",
    "frozen region": "/regions/77?period=2023-09",
    "slices": "/slices",
    "slice": "/slices/2023-09",
    "first slice": "/slices/2023-09?revision=0",
    "conference": "/conference",
    "embedded table": "/embed",
    "embedded map": "/embed?view=map",
    "embedded region": "/embed?region=16",
    "missing": "/slices/none",
}
EVERY_PAGE: Final = pytest.mark.parametrize("path", PAGES.values(), ids=PAGES.keys())


def in_english(path: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}lang=en"


@pytest.mark.parametrize("width", [360, 1280, 1920])
@EVERY_PAGE
async def test_axe_finds_nothing_serious(visit: Visits, path: str, width: int) -> None:
    for scheme, address in (("light", path), ("dark", in_english(path))):
        async with visit(address, width=width, color_scheme=scheme) as seen:
            await open_details(seen.page)
            wide = await seen.page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{address} is {wide} wide"
            assert await violations(seen.page) == [], f"{address}, {scheme}"


async def open_details(page: Page) -> None:
    await page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")


async def violations(page: Page) -> list[str]:
    """What axe-core calls serious or critical, with the elements it means."""
    found = await Axe().run(page)
    return [
        f"{one['id']}: {[node['html'][:200] for node in one['nodes'][:3]]}"
        for one in found.response["violations"]
        if one["impact"] in {"serious", "critical"}
    ]


# What has no English: the methodology's name, and reasons as people wrote them.
RUSSIAN_BY_NATURE: Final = re.compile("РЭРУ-1|Апелляция региона 16 удовлетворена.*")
CYRILLIC: Final = re.compile("[А-Яа-яЁё]+")
# Everything a person may be told: texts, and what only assistive technology or a pointer tells.
SAID: Final = """() => {
  const told = ['title', 'aria-label', 'placeholder', 'alt', 'data-label'];
  const said = document.body.cloneNode(true);
  for (const one of said.querySelectorAll('[lang=ru]')) one.remove();
  const parts = [document.title, said.textContent];
  for (const element of said.querySelectorAll('*')) {
    for (const name of told) parts.push(element.getAttribute(name) ?? '');
  }
  return parts.join('\\n');
}"""


@EVERY_PAGE
async def test_in_english_nothing_is_left_in_russian(
    visit: Visits, stage: Stage, path: str
) -> None:
    async with visit(in_english(path)) as seen:
        await expect(seen.page.locator("html")).to_have_attribute("lang", "en")
        if path in {"/", "/conference", "/embed"}:
            stage.tell(stage.swap(0, 7))
            first = seen.page.locator("[data-field=name]").first
            await expect(first).to_have_text(re.compile("^[ -~]+$"))
        await open_details(seen.page)
        said = RUSSIAN_BY_NATURE.sub("", await seen.page.evaluate(SAID))
        assert CYRILLIC.findall(said) == []


async def test_the_browsers_language_is_taken_and_the_address_overrules_it(
    visit: Visits,
) -> None:
    async with visit("/regions/16", locale="en-GB") as seen:
        await expect(seen.page.locator("h1")).to_have_text("Republic of Tatarstan")
        await seen.page.get_by_role("link", name="Русский").click()
        await expect(seen.page.locator("h1")).to_have_text("Республика Татарстан (Татарстан)")
        await seen.page.get_by_role("link", name="Срезы", exact=True).click()
        await expect(seen.page.locator("h1")).to_have_text("Срезы")


@EVERY_PAGE
async def test_every_page_reads_without_scripts(visit: Visits, path: str) -> None:
    async with visit(path, width=360, java_script_enabled=False) as seen:
        await expect(seen.page.locator("h1")).to_be_visible()
        await expect(seen.page.locator("main")).to_be_visible()


async def test_a_region_says_where_every_point_went_without_scripts(visit: Visits) -> None:
    async with visit("/regions/16", width=360, java_script_enabled=False) as seen:
        points = await seen.page.locator(".causes .points b").all_text_contents()
        start, *steps, raw, balance, score = [hundredths(text) for text in points]
        assert start == 10000
        assert start + sum(steps) == raw
        assert raw + balance == score
        shown = await seen.page.locator(".standing .main dd").first.text_content()
        assert hundredths(shown or "") == score


def hundredths(text: str) -> int:
    return int(text.strip().replace(",", "").replace("+", "").replace("−", "-"))


async def test_months_and_slices_lead_to_each_other(visit: Visits) -> None:
    async with visit("/regions/16") as seen:
        months = seen.page.get_by_role("navigation", name="Месяц")
        await months.get_by_role("link", name="сентябрь 2023").click()
        await expect(seen.page.locator(".facts").first).to_contain_text("Месяц заморожен")
        await seen.page.get_by_role("link", name="ревизия 1").click()
        await expect(seen.page.locator("h1")).to_have_text("Срез за сентябрь 2023 года")
        await expect(seen.page.locator("#standings tbody tr")).to_have_count(89)
        await seen.page.get_by_role("link", name="Татарстан", exact=True).click()
        await expect(seen.page.locator("h1")).to_have_text("Республика Татарстан (Татарстан)")
        assert "period=2023-09" in seen.page.url


async def test_the_map_moves_live_and_leads_to_the_region(visit: Visits, stage: Stage) -> None:
    async with visit(width=1280) as seen:
        code = stage.items[7]["region"]
        tile = seen.page.locator(f".tile[data-region='{code}']")
        await expect(tile.locator("b")).to_have_text("95,60")

        stage.items[7] |= {"stabilised_bp": 6123, "raw_bp": 6100, "zone": "red", "place": 80}
        stage.tell(stage.items[7:8])

        await expect(tile.locator("b")).to_have_text("61,23")
        await expect(tile).to_have_attribute("data-zone", "red")
        await expect(tile.locator("use")).to_have_attribute("href", "#sign-red")
        name = stage.items[7]["short_name"]
        await expect(tile.locator(".unseen")).to_have_text(f"{name}: 61,23, 80 место, зона красная")
        await tile.focus()
        await seen.page.keyboard.press("Enter")
        await expect(seen.page).to_have_url(f"{stage.address}/regions/{code}")


@pytest.mark.parametrize("path", ["/", "/conference"])
async def test_those_who_gained_most_are_kept_true(visit: Visits, stage: Stage, path: str) -> None:
    async with visit(path, width=1920) as seen:
        risers = seen.page.locator("[data-movers=risers] li")
        await expect(risers).to_have_count(4)
        stage.items[7] |= {"change_bp": 4321}
        stage.tell(stage.items[7:8])
        name = stage.items[7]["short_name"]
        await expect(risers.first).to_have_text(f"{name} +43,21")
        await expect(risers).to_have_count(4)


async def test_the_view_is_a_link_without_scripts_and_a_switch_with_them(visit: Visits) -> None:
    async with visit("/?view=map", java_script_enabled=False) as seen:
        await expect(seen.page.locator(".tiles")).to_be_visible()
        await expect(seen.page.locator("#standings")).to_be_hidden()
    async with visit() as seen:
        await seen.page.get_by_role("link", name="Таблица", exact=True).click()
        await expect(seen.page.locator(".tiles")).to_be_hidden()
        await expect(seen.page.locator(".live")).to_have_attribute("data-live", "on")
        assert seen.page.url.endswith("?view=table")


async def test_filters_leave_the_same_regions_on_the_map(visit: Visits) -> None:
    async with visit() as seen:
        await seen.page.get_by_label("Федеральный округ").select_option("СКФО")
        await expect(seen.page.locator(".tile:visible")).to_have_count(7)


async def test_the_keyboard_reaches_what_the_mouse_does_in_the_order_of_reading(
    visit: Visits,
) -> None:
    async with visit() as seen:
        order = []
        for _ in range(16):
            await seen.page.keyboard.press("Tab")
            focused = "document.activeElement"
            order.append(await seen.page.evaluate(f"{focused}.textContent.trim().slice(0, 18)"))
            outline = await seen.page.evaluate(f"getComputedStyle({focused}).outlineStyle")
            assert outline != "none", order[-1]
        assert order[:6] == [
            "К содержанию",
            "К таблице рейтинга",
            "Рейтинг",
            "Срезы",
            "Конференция",
            "API",
        ]


async def test_a_region_whose_score_moved_says_so_on_its_page(visit: Visits, stage: Stage) -> None:
    async with visit("/regions/16") as seen:
        stale = seen.page.locator("[data-stale]")
        row = next(row for row in stage.items if row["region"] == "16")
        row["stabilised_bp"] = 1
        stage.tell([row])
        await expect(stale).to_be_visible()


async def test_the_conference_tells_who_moved_from_where_to_where(
    visit: Visits, stage: Stage
) -> None:
    async with visit("/conference", width=1920, height=1080) as seen:
        await expect(seen.page.locator("[data-quiet]")).to_be_visible()
        row = stage.items[7]
        row |= {
            "stabilised_bp": row["stabilised_bp"] + 123,
            "place": 5,
            "provisional": row["provisional"] + 1,
        }

        stage.tell([row])

        told = seen.page.locator("[data-events] li").first
        await expect(told).to_contain_text(row["short_name"])
        await expect(told).to_contain_text("+1,23")
        await expect(told).to_contain_text("12:00 · сдано · 8 → 5 место")
        await expect(seen.page.locator("[data-quiet]")).to_be_hidden()


async def test_the_conference_leafs_by_itself_until_it_is_told_to_pause(visit: Visits) -> None:
    async with visit("/conference", width=1920, height=1080) as seen:
        page = seen.page
        shown = page.locator("[data-lines] li:visible [data-field=place]")
        await expect(shown.first).to_have_text("1")
        size = await shown.count()
        await page.clock.install()
        await page.reload()
        await page.clock.run_for(10_100)
        await expect(shown.first).to_have_text(str(size + 1))
        await page.get_by_role("button", name="Пауза").click()
        await page.clock.run_for(30_000)
        await expect(shown.first).to_have_text(str(size + 1))


async def test_the_conference_stands_still_where_motion_is_unwelcome(visit: Visits) -> None:
    async with visit("/conference", width=1920, height=1080, reduced_motion="reduce") as seen:
        await expect(seen.page.get_by_role("button", name="Листать")).to_be_visible()


async def test_the_big_screen_shows_everything_without_scrolling(visit: Visits) -> None:
    async with visit("/conference", width=1920, height=1080) as seen:
        tall = await seen.page.evaluate("document.documentElement.scrollHeight")
        assert tall <= 1080
        cut = await seen.page.evaluate(
            """[...document.querySelectorAll('.tile')].filter(tile =>
                 tile.scrollWidth > tile.clientWidth || tile.scrollHeight > tile.clientHeight)
               .map(tile => tile.innerText)"""
        )
        assert cut == []


@pytest.fixture
async def other_site(stage: Stage) -> AsyncIterator[str]:
    """A page of another origin that frames ours."""
    frames = "".join(
        f'<iframe name="{name}" title="{name}" src="{stage.address}{path}"></iframe>'
        for name, path in (("table", "/embed"), ("map", "/embed?view=map"), ("board", "/"))
    )

    async def show(_: Any) -> HTMLResponse:
        return HTMLResponse(f"<!doctype html><title>Платформа</title>{frames}")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = Starlette(routes=[Route("/", show)])
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield f"http://localhost:{listener.getsockname()[1]}"
        server.should_exit = True
        await serving


async def test_another_site_frames_what_is_to_be_embedded_and_nothing_else(
    browser: Any, stage: Stage, other_site: str
) -> None:
    context = await browser.new_context(locale="ru-RU")
    page = await context.new_page()
    await page.goto(other_site)
    table = page.frame_locator("[name=table]")
    await expect(table.locator("tbody tr")).to_have_count(89)
    await expect(page.frame_locator("[name=map]").locator(".tile")).to_have_count(89)

    stage.tell(stage.swap(0, 7))

    first = table.locator("tbody [data-field=name]").first
    await expect(first).to_have_text(stage.items[7]["short_name"])
    await expect(page.frame_locator("[name=board]").locator("#standings")).to_have_count(0)
    await context.close()


@pytest.mark.parametrize("path", ["/", "/conference", "/embed", "/embed?region=16"])
async def test_hostile_names_are_text(visit: Visits, stage: Stage, path: str) -> None:
    hostile = "<img src=x onerror=alert(1)>\"'{{7*7}}"
    stage.items[15] |= {"name": hostile, "short_name": hostile}
    assert stage.items[15]["region"] == "16"
    async with visit(path) as seen:
        await expect(seen.page.locator("[data-field=name]").get_by_text(hostile)).to_have_count(1)
        stage.items[15] |= {"stabilised_bp": 1}
        stage.tell(stage.items[15:16])
        await expect(seen.page.get_by_text("0,01").first).to_have_count(1)
        await expect(seen.page.locator("img")).to_have_count(0)
