"""Swagger UI as a coordinator uses it in production: signs in, asks, is refused another's row."""

from typing import Any

import pytest
from playwright.async_api import Page, async_playwright, expect

from deploy.local.stack import Stack
from shared.auth import Role
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.e2e.test_h_swagger import asked
from tests.keycloak.accounts import PASSWORD, Accounts, Person, one_time_code
from tests.keycloak.conftest import FOREIGN, OWN

pytestmark = [
    pytest.mark.keycloak,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"{CHROMIUM} is missing: install chromium"),
]


async def sign_in(page: Page, person: Person) -> None:
    """Authorize by the page of Keycloak, which opens beside."""
    await page.locator(".auth-wrapper > .authorize").click()
    # Of the two ways in the first.
    people = page.locator(".dialog-ux .auth-container").first
    await expect(people.locator("#client_id_authorizationCode")).to_have_value("pages")
    async with page.expect_popup() as opened:
        await people.locator(".auth-btn-wrapper .authorize").click()
    keycloak = await opened.value
    await keycloak.locator("#username").fill(person.name)
    await keycloak.locator("#password").fill(PASSWORD)
    await keycloak.locator("#kc-login").click()
    # The first time it wants a second factor to be set up.
    secret = await keycloak.locator("#totpSecret").get_attribute("value")
    await keycloak.locator("#totp").fill(one_time_code(secret or ""))
    async with keycloak.expect_event("close"):
        await keycloak.locator("#saveTOTPBtn").click()
    await expect(people.locator(".auth-btn-wrapper .authorize")).to_have_text("Logout")
    await page.locator(".dialog-ux .btn-done").first.click()


async def test_a_coordinator_signs_in_and_sees_its_own_region_only(
    stack: Stack, accounts: Accounts, executions: dict[str, Any]
) -> None:
    person = accounts.add("swagger-52", Role.COORDINATOR, regions=[OWN])
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page(locale="ru-RU")
        wrong: list[str] = []
        page.on("pageerror", lambda error: wrong.append(str(error)))
        await page.goto(f"{stack.urls['assignments']}/docs")

        await sign_in(page, person)

        status, body = await asked(page, executions[OWN]["id"])
        assert (status, executions[OWN]["cluster_id"] in body) == ("200", True)
        status, body = await asked(page, executions[FOREIGN]["id"])
        assert (status, "execution_not_found" in body) == ("404", True)
        assert wrong == []
        await browser.close()
