"""One migrated database per service, one rolled-back transaction per test, tokens truly signed.

The service under test is the folder the test lies in: `tests/directory/…` gets the directory's
`session` and `client`.
"""

import importlib
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Final

import asyncpg
import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import FastAPI, Request
from hypothesis import settings as hypothesis_settings
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.types import Receive, Scope, Send
from xdist.scheduler import LoadScopeScheduling

from deploy.local import postgres as local_postgres
from shared import migrations, trail
from shared.auth import MACHINES, Verifier
from shared.auth import Scope as TokenScope
from shared.clock import Clock, Setting
from shared.db import async_url, conclude, get_session
from shared.limits import RateLimiter
from shared.seals import Seals
from shared.settings import DEVELOPMENT_SEAL, Environment, ServiceSettings

# A Monday noon in Moscow, two days before the first unified Wednesday meeting.
NOW: Final = datetime(2023, 10, 2, 9, tzinfo=UTC)
ISSUER: Final = "http://issuer.test"
SEALS: Final = Seals([DEVELOPMENT_SEAL])
Headers = dict[str, str]
Tokens = Callable[..., Headers]
Transport = httpx.ASGITransport

# How long an example takes says more of the neighbours on the machine than of us.
hypothesis_settings.register_profile("ours", deadline=None)
hypothesis_settings.load_profile("ours")

_KEY: Final = rsa.generate_private_key(public_exponent=65537, key_size=2048)


# What is timed in seconds of a whole stack never runs beside another one of its kind.
STANDS: Final = ("browser", "chaos", "e2e")
# Two files over one played season; the third breaks one of its own while it is played.
ONE_SEASON: Final = ("tests/season/test_healing.py", "tests/season/test_story.py")


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """A file goes to one worker; those that share a stack, or time one, go together."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        if file.split("/")[1] in STANDS:
            return "stands"
        return "one season" if file in ONE_SEASON else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return Scheduling(config, log)


@pytest.fixture(scope="session")
def server() -> Iterator[local_postgres.Server]:
    """A Postgres of our own for the whole run."""
    with local_postgres.ephemeral() as running:
        yield running


@pytest.fixture(scope="session")
async def databases(server: local_postgres.Server) -> dict[str, str]:
    """The four databases, migrated for real; service → address."""
    found = {}
    connection = await asyncpg.connect(server.dsn)
    for service in migrations.SERVICES:
        await connection.execute(f"create database {service}")
        found[service] = server.dsn.rsplit("/", 1)[0] + f"/{service}"
        await migrations.upgrade(service, found[service])
    await connection.close()
    return found


@pytest.fixture
def service(request: pytest.FixtureRequest) -> str:
    """Whose tests these are."""
    return next(part for part in request.path.parts[::-1] if part in migrations.SERVICES)


@pytest.fixture
async def session(databases: dict[str, str], service: str) -> AsyncIterator[AsyncSession]:
    """The service's database within a transaction that is rolled back after the test."""
    engine: AsyncEngine = create_async_engine(async_url(databases[service]), poolclass=NullPool)
    async with engine.connect() as connection:
        transaction = await connection.begin()
        async with AsyncSession(
            connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        ) as session:
            yield session
        await transaction.rollback()
    await engine.dispose()


def sign(role: str, **claims: Any) -> Headers:
    """The headers of an actor of that role, with these claims besides."""
    now = int(time.time())
    payload = {
        "iss": ISSUER,
        "aud": "professionalitet",
        "sub": role,
        "iat": now,
        "nbf": now,
        "exp": now + 3600,
        "roles": [role],
        "scope": " ".join(TokenScope) if role in MACHINES else "",
        **claims,
    }
    encoded = jwt.encode(payload, _KEY, algorithm="RS256", headers={"kid": "test"})
    return {"Authorization": f"Bearer {encoded}"}


@pytest.fixture(scope="session")
def token() -> Tokens:
    """`token("coordinator", regions=["16"])` → the headers of such an actor."""
    return sign


def settings_for(dsn: str, **overrides: Any) -> ServiceSettings:
    return ServiceSettings(
        **{
            "environment": Environment.DEVELOPMENT,
            "database_url": dsn,
            "oidc_issuer": ISSUER,
            # Tests ask faster than people; those of the limit set it.
            "rate_limit": 0,
            **overrides,
        }
    )


@pytest.fixture
def clock() -> Clock:
    """The service's clock, standing at `NOW`; `X-Simulated-Now` moves single requests on."""
    clock = Clock()
    clock.setting = Setting(NOW, NOW, running=False)
    return clock


@pytest.fixture
def app(service: str) -> FastAPI:
    found: FastAPI = importlib.import_module(f"services.{service}.main").app
    return found


def serve(
    app: FastAPI,
    settings: ServiceSettings,
    *,
    sessions: Any,
    clock: Clock,
    client: Any = None,
    **extension: Any,
) -> Transport:
    """The app as it is after start-up, over these sessions; it believes our tokens."""
    verifier = Verifier(settings)
    public = jwt.PyJWK.from_json(jwt.algorithms.RSAAlgorithm.to_jwk(_KEY.public_key()), "RS256")
    verifier.keys.put({"test": public})
    state = {
        "settings": settings,
        "sessions": sessions,
        "clock": clock,
        "waker": SimpleNamespace(wake=lambda: None),
        "verifier": verifier,
        "limiter": RateLimiter(settings.rate_limit, settings.rate_burst),
        "client": client,
        **extension,
    }
    app.state.cors_origins = []

    async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": state}, receive, send)

    return httpx.ASGITransport(app=with_state, raise_app_exceptions=False)


@pytest.fixture
def settings(databases: dict[str, str], service: str) -> ServiceSettings:
    """What the service is told of its surroundings."""
    return settings_for(databases[service])


@pytest.fixture
async def client(
    app: FastAPI, session: AsyncSession, settings: ServiceSettings, clock: Clock
) -> AsyncIterator[httpx.AsyncClient]:
    """The service's API over the test's transaction; a refused request rolls back alone."""

    async def request_session(request: Request) -> AsyncIterator[AsyncSession]:
        async with session.begin_nested():
            trail.begin(session, request)
            yield session
            await conclude(session)
        session.expunge_all()

    app.dependency_overrides[get_session] = request_session
    transport = serve(app, settings, sessions=sessions_of(session), clock=clock)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    app.dependency_overrides.clear()


def sessions_of(session: AsyncSession) -> Any:
    """Something with `begin()`, for code that opens its own transactions."""

    @asynccontextmanager
    async def begin() -> AsyncIterator[AsyncSession]:
        async with session.begin_nested():
            yield session

    return SimpleNamespace(begin=begin)
