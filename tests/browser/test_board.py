"""The board in a real browser: it fits, moves, keeps quiet and asks nobody but its own host."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visits
from tests.browser.stage import Stage

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [320, 360, 768, 1024, 1280, 1920])
async def test_nothing_is_wider_than_the_screen(visit: Visits, width: int) -> None:
    async with visit(width=width) as seen:
        wide = await seen.page.evaluate("document.documentElement.scrollWidth")

        assert wide <= width
        first = seen.page.locator("tbody tr").first
        for cell in ("place", "name", "score", "word"):
            await expect(first.locator(f"[data-field={cell}]")).to_be_visible()


async def test_without_scripts_the_whole_rating_is_readable(visit: Visits) -> None:
    async with visit(width=360, java_script_enabled=False) as seen:
        assert len(await seen.names()) == 89
        await expect(seen.page.locator(".live")).to_have_text("без обновления")
        await expect(seen.page.locator("form.filters")).to_be_hidden()
        first = seen.page.locator("tbody tr").first
        await expect(first.locator("[data-field=score]")).to_have_text("99,80")
        await expect(first.locator("[data-field=word]")).to_have_text("зелёная")


@pytest.mark.parametrize("width", [360, 1280])
async def test_a_live_event_moves_the_row_itself(visit: Visits, stage: Stage, width: int) -> None:
    async with visit(width=width) as seen:
        before = await seen.names()
        moved = await seen.page.locator("tbody tr").nth(7).element_handle()

        stage.tell(stage.swap(0, 7))

        await expect(seen.page.locator("tbody [data-field=name]").first).to_have_text(before[7])
        await seen.settle()
        assert await seen.names() == [before[7], *before[1:7], before[0], *before[8:]]
        assert await moved.evaluate("row => row === row.parentNode.firstElementChild")
        line = seen.page.locator("tbody tr").first
        await expect(line.locator("[data-field=place]")).to_have_text("1")
        await expect(line.locator("[data-field=score]")).to_have_text("99,80")
        await expect(line.locator("[data-field=move]")).to_contain_text("▲7")
        await expect(seen.page.locator("[data-announce]")).to_contain_text(
            f"{before[7]}: 1-е место, было 8-е"
        )


async def test_a_change_of_zone_recounts_the_summary(visit: Visits, stage: Stage) -> None:
    async with visit() as seen:
        greens = seen.page.locator("[data-count=green]")
        count = int(await greens.inner_text())

        stage.items[0] |= {"zone": "red", "raw_bp": 7000}
        stage.tell(stage.items[:1])

        await expect(greens).to_have_text(str(count - 1))
        line = seen.page.locator("tbody tr").first
        await expect(line.locator("[data-field=word]")).to_have_text("красная")
        await expect(line.locator("use")).to_have_attribute("href", "#sign-red")


async def test_what_the_script_paints_is_what_the_server_writes(
    visit: Visits, stage: Stage
) -> None:
    async with visit() as seen:
        written = await seen.page.locator("tbody").inner_text()
        hidden = stage.items
        stage.items = []
        stage.head |= {"period": "2023-11"}

        stage.tell(hidden)

        period = seen.page.locator(".subtitle [data-head=period]")
        await expect(period).to_have_text("ноябрь 2023 года")
        assert await seen.page.locator("tbody").inner_text() == written


async def test_a_page_opened_before_the_standings_are_loaded_fills_itself(
    visit: Visits, stage: Stage
) -> None:
    stage.loaded = False
    stage.open.clear()
    async with visit(live=False) as seen:
        await expect(seen.page.locator("[data-empty]")).to_be_visible()
        stage.loaded = True
        stage.open.set()
        await expect(seen.page.locator("tbody tr")).to_have_count(89)
        await expect(seen.page.locator(".tile")).to_have_count(89)
        assert await seen.names() == [item["short_name"] for item in stage.items]
        await expect(seen.page.locator("[data-empty]")).to_be_hidden()
        await expect(seen.page.locator(".move:visible")).to_have_count(0)


async def test_a_page_that_stays_empty_is_looked_at_twice_and_no_more(
    visit: Visits, stage: Stage
) -> None:
    stage.loaded = False
    async with visit() as seen:
        await expect(seen.page.locator("tbody tr")).to_have_count(89)
        pages = [url for url in seen.asked if url == f"{stage.address}/"]
        assert len(pages) == 2


async def test_rows_stay_where_they_are_put_when_motion_is_unwelcome(
    visit: Visits, stage: Stage
) -> None:
    async with visit(reduced_motion="reduce") as seen:
        name = (await seen.names())[7]

        stage.tell(stage.swap(0, 7))

        await expect(seen.page.locator("tbody [data-field=name]").first).to_have_text(name)
        running = "document.querySelector('tbody').getAnimations({subtree: true})"
        assert await seen.page.evaluate(f"{running}.filter(one => !one.animationName).length") == 0


async def test_columns_sort_both_ways_and_say_so(visit: Visits) -> None:
    async with visit() as seen:
        header = seen.page.get_by_role("columnheader", name="Регион")
        before = await seen.names()

        await header.get_by_role("button").click()

        await expect(header).to_have_attribute("aria-sort", "ascending")
        await seen.settle()
        ascending = await seen.names()
        assert ascending == sorted(before, key=lambda name: name.lower().replace("ё", "е"))
        await header.get_by_role("button").click()
        await expect(header).to_have_attribute("aria-sort", "descending")
        await seen.settle()
        assert await seen.names() == ascending[::-1]


async def test_filters_leave_what_was_asked_for(visit: Visits) -> None:
    async with visit() as seen:
        form = seen.page.locator("form.filters")

        asked = form.get_by_role("searchbox", name="Регион")
        await asked.fill("орел")
        await expect(seen.page.locator("[data-empty]")).to_be_visible()
        await asked.fill("ОРЛОВ")
        assert await seen.names() == ["Орловская обл."]
        await asked.fill("16")
        assert await seen.names() == ["Татарстан"]
        await asked.fill("")
        await form.get_by_label("Федеральный округ").select_option("СКФО")
        await expect(form.locator("output")).to_have_text("Показано 7 из 89")


async def test_a_lost_stream_is_shown_and_found_again(visit: Visits, stage: Stage) -> None:
    async with visit() as seen:
        stage.open.clear()
        stage.hang_up()
        await expect(seen.page.locator(".live")).to_have_text("переподключение")

        stage.swap(0, 7)
        name = stage.items[7]["short_name"]
        stage.open.set()

        await expect(seen.page.locator(".live")).to_have_text("подключено")
        await expect(seen.page.locator("tbody [data-field=name]").first).to_have_text(name)
