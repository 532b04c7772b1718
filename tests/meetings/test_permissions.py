"""The service's table is what it answers: every operation, every role, own and foreign rows."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.main import app
from shared.auth import Role
from shared.db import async_url
from tests.conftest import Tokens
from tests.meetings import rows
from tests.permissions.matrix import Operation, World, faults, operations


@pytest.fixture(scope="module")
async def session(databases: dict[str, str]) -> AsyncIterator[AsyncSession]:
    """One transaction for all tests here: the rows are built once, each request undone."""
    engine = create_async_engine(async_url(databases["meetings"]), poolclass=NullPool)
    async with engine.connect() as connection:
        transaction = await connection.begin()
        async with AsyncSession(
            connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        ) as session:
            yield session
        await transaction.rollback()
    await engine.dispose()


@pytest.fixture(scope="module")
async def world(session: AsyncSession) -> World:
    return await rows.build(session)


@pytest.mark.parametrize("operation", operations(app), ids=str)
async def test_the_table_is_what_is_answered(
    operation: Operation,
    world: World,
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
) -> None:
    assert await faults(operation, world, client=client, session=session, token=token) == []
