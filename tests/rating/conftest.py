"""The rating's own: who asks it, a month frozen in it, and where the names of receivers lead."""

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.models import Slice
from tests.conftest import Headers, Tokens
from tests.rating.slices import NOW_AT, freeze
from tests.rating.test_domain import FOUR
from tests.rating.world import hear


@pytest.fixture
def admin(token: Tokens) -> Headers:
    return token("cur_admin") | NOW_AT


@pytest.fixture
async def october(session: AsyncSession) -> Slice:
    """October of the worked example, frozen."""
    await hear(session, FOUR)
    return await freeze(session)
