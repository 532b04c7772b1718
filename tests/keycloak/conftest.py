"""The whole product with Keycloak in the place of the development issuer, started once."""

from collections.abc import AsyncIterator, Iterator
from datetime import date
from typing import Any

import httpx
import pytest

from deploy.local import maven
from deploy.local.issuers import Issuer
from deploy.local.stack import Stack
from deploy.season.api import Api
from deploy.season.play import start_of
from shared.auth import Role
from tests.e2e.journey import one_each
from tests.keycloak.accounts import Accounts
from tests.stack.test_stack import free_offset

OWN, FOREIGN = "52", "54"


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Its clock stands at 1 September 2023; Keycloak goes by the real one."""
    if reason := maven.why_not():
        pytest.skip(f"Keycloak: {reason}")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("ISSUER", Issuer.KEYCLOAK)
        stack = Stack(tmp_path_factory.mktemp("with keycloak"), free_offset())
        try:
            stack.up(clock_from=start_of(date(2023, 9, 1)))
            yield stack
        finally:
            stack.reset()


@pytest.fixture(scope="package")
def accounts(stack: Stack) -> Iterator[Accounts]:
    with httpx.Client(trust_env=False, timeout=30) as http:
        yield Accounts(http, stack.ports.issuer)


@pytest.fixture(scope="package")
def tokens(accounts: Accounts) -> dict[str, str]:
    """By who acts: the people who hold the journey up are the centre's."""
    people = (Role.CUR_ADMIN, Role.CUR_CONTROLLER, Role.SECRETARY)
    found = {role: accounts.sign_in(accounts.add(role, role)) for role in people}
    return {role: given["access_token"] for role, given in found.items()}


@pytest.fixture(scope="package")
async def api(stack: Stack, tokens: dict[str, str]) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        yield Api(http, stack.urls, tokens=tokens)


@pytest.fixture(scope="package")
async def executions(api: Api) -> dict[str, dict[str, Any]]:
    """One of each region, by region."""
    return await one_each(api, (OWN, FOREIGN), "keycloak", 20, "2023-09-29")
