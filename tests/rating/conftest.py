"""The rating's own: who asks it, a month frozen in it, and where the names of receivers lead."""

from collections.abc import Iterator, Sequence

import pytest
from fastapi import FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.models import Slice
from services.rating.routers.subscriptions import resolver
from services.rating.webhooks.targets import Resolve
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


@pytest.fixture
def names() -> dict[str, str]:
    """Where names lead."""
    return {"monitoring.example.ru": "93.184.215.14", "inside.example.ru": "10.0.0.5"}


@pytest.fixture
def resolved(app: FastAPI, names: dict[str, str]) -> Iterator[None]:
    """No real resolver is asked."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        if host not in names:
            raise OSError("Name or service not known")
        return [names[host]]

    def found() -> Resolve:
        return resolve

    app.dependency_overrides[resolver] = found
    yield
    app.dependency_overrides.clear()


@pytest.fixture
def platform(token: Tokens) -> Headers:
    return token("platform") | NOW_AT
