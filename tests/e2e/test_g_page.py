"""A forwarding through the API moves the row of a page that is open, without a reload."""

import time
from collections.abc import AsyncIterator
from typing import Final

import pytest
from playwright.async_api import Browser, async_playwright, expect

from deploy.season.api import Api
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.e2e.journey import (
    cluster_of,
    coordinator_of,
    executions_of,
    hand_in,
    noon,
    protocol_with,
    reference,
    way,
)

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is missing: install chromium"),
]

# Nobody else's journey is about them. Moscow has too little data until its third execution; then
# it shares Saint Petersburg's place and, by its name, stands before it.
REGION: Final = "77"
OTHER: Final = "78"
SECONDS: Final = 2.0


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


async def test_a_forwarding_moves_the_row_of_an_open_page(api: Api, browser: Browser) -> None:
    await reference(api)
    clusters = []
    for region in (REGION, OTHER):
        await coordinator_of(api, region, 27)
        codes = [f"page-{region}-{n}" for n in range(3)]
        clusters += [await cluster_of(api, code, noon(27), region) for code in codes]
    protocol = await protocol_with(api, [("planned", "2023-09-29")], clusters, noon(27))
    executions = await executions_of(api, protocol["id"], 6)
    last = next(execution for execution in executions if execution["region"] == REGION)
    for execution in executions:
        if execution is last:
            continue
        await hand_in(api, execution, *way(noon(28)))
    await hand_in(api, last, *way(noon(28))[:3])

    page = await browser.new_page(locale="ru-RU")
    await page.goto(f"{api.urls['rating']}/?lang=ru")
    row = page.locator(f"tr:has(a[href='/regions/{REGION}?lang=ru'])")
    other = page.locator(f"tr:has(a[href='/regions/{OTHER}?lang=ru'])")
    await expect(other.locator("[data-field=executions]")).to_have_text("3")
    await expect(row.locator("[data-field=executions]")).to_have_text("2")
    await expect(row.locator("[data-field=place]")).to_have_text("—")
    await page.evaluate("window.isTheSamePage = true")
    place = "row => [...row.parentNode.children].indexOf(row)"
    before = await row.evaluate(place)

    await hand_in(api, last, ("forward", noon(28)))
    started = time.monotonic()
    await expect(row.locator("[data-field=executions]")).to_have_text("3")
    taken = time.monotonic() - started

    await expect(row.locator("[data-field=place]")).not_to_have_text("—")
    tile = page.locator(f".tile[data-region='{REGION}'] b")
    score = await row.locator("[data-field=score]").text_content()
    assert score is not None
    await expect(tile).to_have_text(score)
    assert await page.evaluate("window.isTheSamePage")
    assert await row.evaluate(place) < before
    assert taken < SECONDS
