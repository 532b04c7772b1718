"""One stack of real processes for all journeys, on ports of its own, on the simulated clock."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date, datetime
from typing import Any

import httpx
import pytest

from deploy.local.stack import Stack
from deploy.season.api import Api, Refused
from deploy.season.play import start_of
from tests.stack.test_stack import free_offset

WAIT_SECONDS = 30.0


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole product, started once; its clock stands at 1 September 2023."""
    stack = Stack(tmp_path_factory.mktemp("the stack"), free_offset())
    stack.up(clock_from=start_of(date(2023, 9, 1)))
    yield stack
    stack.reset()


@pytest.fixture
async def api(stack: Stack) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        yield Api(http, stack.urls)


async def eventually(look: Callable[[], Any], holds: Callable[[Any], bool]) -> Any:
    """What `look` gives once it holds; an `AssertionError` with the last look otherwise."""
    found = None
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                found = await look()
                if holds(found):
                    return found
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"after {WAIT_SECONDS} s still {found}") from None


async def add_item(api: Api, path: str, item: dict[str, Any], at: datetime) -> None:
    """Add an item to a protocol once meetings have heard of those it is addressed to."""

    async def added() -> bool:
        try:
            await api.post("secretary", "meetings", path, item, at=at)
        except Refused as error:
            if "unknown_cluster" in str(error) or "unknown_region" in str(error):
                return False
            raise
        return True

    await eventually(added, bool)
