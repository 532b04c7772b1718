"""A meeting and the draft of its protocol, for the tests that begin there."""

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from tests.conftest import Headers, Tokens
from tests.meetings.factories import draft, hear_directory, schedule


@pytest.fixture
def admin(token: Tokens) -> Headers:
    return token("cur_admin")


@pytest.fixture
def secretary(token: Tokens) -> Headers:
    return token("secretary")


@pytest.fixture
async def meeting_id(client: httpx.AsyncClient, session: AsyncSession, admin: Headers) -> str:
    """A scheduled meeting, in a programme whose directory has been heard."""
    await hear_directory(session)
    return await schedule(client, admin)


@pytest.fixture
async def protocol_id(client: httpx.AsyncClient, admin: Headers, meeting_id: str) -> str:
    """A draft without items, of a meeting that is still to be held."""
    return await draft(client, admin, meeting_id)
