"""Every operation refuses what nobody means: clearly, by field, and with nothing changed."""

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from tests.conftest import Tokens
from tests.hostile import bodies, lists
from tests.hostile.asking import Asker, written
from tests.hostile.operations import FORM, Operation, operations
from tests.hostile.poisons import POISONS


@pytest.mark.parametrize("operation", operations(), ids=str)
async def test_what_nobody_means_is_refused_and_changes_nothing(
    operation: Operation, client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    headers = token(operation.roles[0], roles=operation.roles, regions=["16"])
    asker = Asker(client, operation, headers)
    before = await written(session)

    for poison in POISONS:
        await asker.poisoned(poison)
    if operation.takes_json:
        await bodies.ask(asker)
    elif operation.media == FORM:
        await bodies.ask_for_files(asker)
    await lists.ask(asker, operation)

    assert not asker.faults, "\n".join(asker.faults)
    assert await written(session) == before
