"""A browser, and the rating's pages as a stand-in serves them."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
import uvicorn
from playwright.async_api import (
    Browser,
    ConsoleMessage,
    Page,
    ViewportSize,
    async_playwright,
    expect,
)

from tests.browser.stage import Stage

CHROMIUM: Final = Path("/usr/bin/chromium")
FLAGS: Final = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


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


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing: install chromium")
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

    def hear(self, message: ConsoleMessage) -> None:
        """Keep what the console says, but that the page itself is a «not found»."""
        if message.location.get("url") != self.page.url or "404" not in message.text:
            self.complaints.append(message.text)

    async def names(self) -> list[str]:
        shown = self.page.locator("tbody tr:visible [data-field=name]")
        return list(await shown.all_text_contents())

    async def settle(self) -> None:
        """Wait until the rows lie still, as a reader would."""
        await expect(self.page.locator("tr.moving")).to_have_count(0)


Visits = Callable[..., Any]


@pytest.fixture
def visit(browser: Browser, stage: Stage) -> Visits:
    """`async with visit("/slices", width=360, …)`: the page in such a browser, once it is live.

    Whatever it complains of, and whoever else it asks, fails the test.
    """

    @asynccontextmanager
    async def opened(
        path: str = "/",
        width: int = 1280,
        height: int = 900,
        *,
        live: bool = True,
        **options: Any,
    ) -> AsyncIterator[Visit]:
        screen = ViewportSize(width=width, height=height)
        options = {"locale": "ru-RU", "viewport": screen, **options}
        context = await browser.new_context(**options)
        page = await context.new_page()
        visit = Visit(page)
        page.on("console", visit.hear)
        page.on("pageerror", lambda error: visit.complaints.append(str(error)))
        page.on("request", lambda request: visit.asked.append(request.url))
        try:
            await page.goto(stage.address + path)
            lamp = page.locator(".live")
            scripts = options.get("java_script_enabled", True)
            if live and scripts and await lamp.count():
                await expect(lamp).to_have_attribute("data-live", "on")
            yield visit
        finally:
            await context.close()
        assert visit.complaints == []
        assert [url for url in visit.asked if not url.startswith(stage.address)] == []

    return opened
