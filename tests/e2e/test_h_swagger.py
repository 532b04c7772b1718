"""Swagger UI as a person uses it: Authorize with a role, ask, be refused another region's row."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright, expect

from deploy.season.api import Api
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.e2e.journey import one_each

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is missing: install chromium"),
]

OWN, FOREIGN = "52", "54"


@pytest.fixture
async def page(api: Api) -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page(locale="ru-RU")
        await page.goto(f"{api.urls['assignments']}/docs")
        yield page
        await browser.close()


@pytest.fixture
async def executions(api: Api) -> dict[str, Any]:
    """One of each region, by region."""
    return await one_each(api, (OWN, FOREIGN), "swagger", 28, "2023-10-20")


async def authorize(page: Page, client: str) -> None:
    await page.locator(".auth-wrapper > .authorize").click()
    modal = page.locator(".dialog-ux")
    await modal.locator("input[data-name=username], [id^=client_id]").fill(client)
    await modal.locator("[id^=client_secret]").fill("dev")
    await modal.locator(".auth-btn-wrapper .authorize").click()
    await expect(modal.locator(".auth-btn-wrapper .authorize")).to_have_text("Logout")
    await modal.locator(".btn-done").click()


async def asked(page: Page, execution_id: str) -> tuple[str, str]:
    """The status and the body Swagger UI shows of `GET /v1/executions/{execution_id}`."""
    operation = page.locator("#operations-executions-read_execution")
    if not await operation.locator(".opblock-body").is_visible():
        await operation.locator(".opblock-summary-control").click()
        await operation.locator(".try-out__btn").click()
    await operation.locator("tr[data-param-name=execution_id] input").fill(execution_id)
    await operation.locator(".btn.execute").click()
    answer = operation.locator(".live-responses-table .response").first
    await expect(operation.locator(".request-url")).to_contain_text(execution_id)
    await expect(answer.locator(".response-col_status")).not_to_be_empty()
    status = await answer.locator(".response-col_status").inner_text()
    body = await answer.locator(".response-col_description .highlight-code").first.inner_text()
    return status.split()[0], body


async def test_a_coordinator_sees_its_own_and_is_refused_anothers(
    page: Page, executions: dict[str, Any]
) -> None:
    await expect(page.locator("#operations-executions-read_execution")).to_be_visible()
    status, body = await asked(page, executions[OWN]["id"])
    assert (status, "unauthenticated" in body) == ("401", True)

    await authorize(page, f"coordinator-{OWN}")

    status, body = await asked(page, executions[OWN]["id"])
    assert (status, executions[OWN]["cluster_id"] in body) == ("200", True)
    status, body = await asked(page, executions[FOREIGN]["id"])
    assert (status, "execution_not_found" in body) == ("404", True)
    said = page.locator("#operations-executions-read_execution .opblock-description")
    await expect(said).to_contain_text("свой регион")
