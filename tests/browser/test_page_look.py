"""The page in a real browser: it fits, moves, keeps quiet and asks nobody but its own host."""

import asyncio
import csv
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import uvicorn
from playwright.async_api import Browser, Page, ViewportSize, async_playwright, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from services.rating.page import board as board_page
from services.rating.page.assets import STATIC

CHROMIUM: Final = Path("/usr/bin/chromium")
FLAGS: Final = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'"
)
REGIONS: Final = Path(__file__).parents[2] / "services/directory/reference/regions.csv"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is missing: install chromium"),
]


def standings() -> list[dict[str, Any]]:
    """89 lines under their real names: 83 with a place, 3 with too little data, 3 without any."""
    with REGIONS.open(encoding="utf-8") as file:
        regions = list(csv.DictReader(file))
    rows = []
    for number, region in enumerate(regions):
        bp = max(5000, 9990 - 60 * number)
        known = number < 86
        rows.append(
            {
                "region": region["code"],
                "name": region["name"],
                "short_name": region["short_name"],
                "federal_district": region["federal_district"],
                "raw_bp": bp if known else None,
                "stabilised_bp": bp - 10 if known else None,
                "zone": zone_of(bp) if known else None,
                "place": number + 1 if number < 83 else None,
                "executions": 41 if known else 0,
                "weight": 77 if known else 0,
                "on_time_bp": bp if known else None,
                "debts": number % 4,
                "provisional": number % 7,
            }
        )
    return rows


def zone_of(bp: int) -> str:
    return "green" if bp >= 9000 else "yellow" if bp >= 7500 else "red"


@dataclass
class Stage:
    """A stand-in for the rating service whose standings the test decides."""

    items: list[dict[str, Any]] = field(default_factory=standings)
    head: dict[str, Any] = field(
        default_factory=lambda: {
            "period": "2023-10",
            "as_of": "2023-10-20T09:00:00Z",
            "complete_through": "2023-10-20T08:59:58Z",
            "methodology": "РЭРУ-1",
            "mu_bp": 8000,
        }
    )
    address: str = ""
    loaded: bool = True
    streams: set[asyncio.Queue[bytes | None]] = field(default_factory=set)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def board(self, items: list[dict[str, Any]]) -> dict[str, Any]:
        return {**self.head, "items": items}

    def tell(self, items: list[dict[str, Any]]) -> None:
        """Send these lines to every page."""
        for stream in self.streams:
            stream.put_nowait(self._frame(items))

    def swap(self, upper: int, lower: int) -> list[dict[str, Any]]:
        """Two places change hands: the lower line gets the upper one's numbers, and back."""
        mine = {"region", "name", "short_name", "federal_district"}
        a, b = self.items[upper], self.items[lower]
        for key in a.keys() - mine:
            a[key], b[key] = b[key], a[key]
        return [a, b]

    def hang_up(self) -> None:
        for stream in self.streams:
            stream.put_nowait(None)

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/", self._page),
                Route("/v1/ratings/regions", self._regions),
                Route("/v1/ratings/stream", self._stream),
                Mount("/static", StaticFiles(directory=STATIC)),
            ]
        )

    def _frame(self, items: list[dict[str, Any]]) -> bytes:
        return f"event: standings\nid: 1\ndata: {json.dumps(self.board(items))}\n\n".encode()

    async def _page(self, _: Request) -> HTMLResponse:
        text = board_page.render(self.board(self.items) if self.loaded else None)
        return HTMLResponse(text, headers={"Content-Security-Policy": POLICY})

    async def _regions(self, _: Request) -> JSONResponse:
        return JSONResponse(self.board(self.items))

    async def _stream(self, _: Request) -> StreamingResponse:
        await self.open.wait()
        return StreamingResponse(self._frames(), media_type="text/event-stream")

    async def _frames(self) -> AsyncIterator[bytes]:
        stream: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.streams.add(stream)
        try:
            yield b"retry: 50\n\n" + self._frame(self.items)
            while (frame := await stream.get()) is not None:
                yield frame
        finally:
            self.streams.discard(stream)


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    stage.open.set()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stage.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(stage.app(), log_level="error", ws="none"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield stage
        stage.open.set()
        stage.hang_up()
        server.should_exit = True
        await serving


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@dataclass
class Visit:
    """An open page and what it did besides showing itself."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def names(self) -> list[str]:
        shown = self.page.locator("tbody tr:visible [data-field=name]")
        return list(await shown.all_text_contents())

    async def settle(self) -> None:
        """Wait until the rows lie still, as a reader would."""
        await expect(self.page.locator("tr.moving")).to_have_count(0)


Visits = Callable[..., Any]


@pytest.fixture
def visit(browser: Browser, stage: Stage) -> Visits:
    """`async with visit(width=360, …)`: the page in a browser of those properties, live."""

    @asynccontextmanager
    async def opened(width: int = 1280, **options: Any) -> AsyncIterator[Visit]:
        screen = ViewportSize(width=width, height=900)
        context = await browser.new_context(viewport=screen, **options)
        page = await context.new_page()
        visit = Visit(page)
        page.on("console", lambda message: visit.complaints.append(message.text))
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on("request", lambda request: visit.asked.append(request.url))
        try:
            await page.goto(stage.address)
            if options.get("java_script_enabled", True):
                await expect(page.locator(".live")).to_have_text("подключено")
            yield visit
        finally:
            await context.close()
        assert visit.complaints == []
        assert [url for url in visit.asked if not url.startswith(stage.address)] == []

    return opened


@pytest.mark.parametrize("width", [320, 360, 768, 1024, 1280, 1920])
async def test_nothing_is_wider_than_the_screen(visit: Visits, width: int) -> None:
    async with visit(width) as seen:
        wide = await seen.page.evaluate("document.documentElement.scrollWidth")

        assert wide <= width
        first = seen.page.locator("tbody tr").first
        for cell in ("place", "name", "score", "word"):
            await expect(first.locator(f"[data-field={cell}]")).to_be_visible()


async def test_without_scripts_the_whole_rating_is_readable(visit: Visits) -> None:
    async with visit(360, java_script_enabled=False) as seen:
        assert len(await seen.names()) == 89
        await expect(seen.page.locator(".live")).to_have_text("без обновления")
        await expect(seen.page.locator("form.filters")).to_be_hidden()
        first = seen.page.locator("tbody tr").first
        await expect(first.locator("[data-field=score]")).to_have_text("99,80")
        await expect(first.locator("[data-field=word]")).to_have_text("зелёная")


@pytest.mark.parametrize("width", [360, 1280])
async def test_a_live_event_moves_the_row_itself(visit: Visits, stage: Stage, width: int) -> None:
    async with visit(width) as seen:
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
    async with visit() as seen:
        await expect(seen.page.locator("tbody tr")).to_have_count(89)
        assert await seen.names() == [item["short_name"] for item in stage.items]
        await expect(seen.page.locator("[data-empty]")).to_be_hidden()
        await expect(seen.page.locator(".move:visible")).to_have_count(0)


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


# Text against the nearest painted background behind it; WCAG AA asks for 4.5.
CONTRAST: Final = """() => {
  const parse = (color) => {
    const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number);
    return { rgb: [r, g, b], a };
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((c) => c / 255).map((c) =>
      c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const { rgb, a } = parse(getComputedStyle(at).backgroundColor);
      if (a === 1) return rgb;
    }
    return [255, 255, 255];
  };
  const poor = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || !node.checkVisibility()) continue;
    const style = getComputedStyle(node);
    const [a, b] = [light(parse(style.color).rgb), light(behind(node))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) poor.add(`${ratio.toFixed(2)} ${node.className} ${node.textContent}`);
  }
  return [...poor];
}"""


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_text_has_contrast(visit: Visits, scheme: str, width: int) -> None:
    async with visit(width, color_scheme=scheme) as seen:
        assert await seen.page.evaluate(CONTRAST) == []
