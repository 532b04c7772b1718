"""One season for the tests of this folder that do not break it while it is played."""

from collections.abc import AsyncIterator, Iterator
from datetime import date

import httpx
import pytest

from deploy.local.stack import Stack
from deploy.season.api import Api
from deploy.season.play import Player, start_of
from tests.stack.test_stack import free_offset

# A week after the first unified meeting.
PLAYED_UNTIL = date(2023, 10, 12)


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("season"), free_offset())
    stack.up(clock_from=start_of(date(2023, 9, 1)))
    yield stack
    stack.reset()


@pytest.fixture(scope="package")
async def api(stack: Stack) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        yield Api(http, stack.urls)


@pytest.fixture(scope="package")
async def season(api: Api) -> Player:
    """A small country's season until that evening; it can be told on, once."""
    player = Player(api, seed=3, clusters=60, last_day=PLAYED_UNTIL)
    await player.play()
    assert player.executions > 100
    return player
