"""A service as Schemathesis reaches it: the real app over a real database, each request undone."""

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
import httpx
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.types import ASGIApp, Receive, Scope, Send

from services.directory.routers.channels import find_resolver
from services.rating.routers.subscriptions import resolver
from shared.clock import Clock
from shared.db import async_url
from shared.settings import ServiceSettings
from tests.conftest import serve

# As the service's own connections have it, lest a request wait for ever.
_LIMITS: Final = {"statement_timeout": "30000", "lock_timeout": "5000", "jit": "off"}

_AS_BY_COMMIT: Final = text("set constraints all immediate")


def app_of(service: str) -> FastAPI:
    """The application of a service, as its process would run it."""
    found: FastAPI = importlib.import_module(f"services.{service}.main").app
    return found


async def resolve(*_: Any) -> list[str]:
    """Every name leads to one public address: made-up names are asked of nobody."""
    return ["93.184.215.14"]


async def _give_resolve() -> Any:
    return resolve


# What looks names up is given by these, below these addresses.
_LOOKING_UP: Final = ("/v1/channels", "/v1/subscriptions")
RESOLVERS: Final[dict[Any, Any]] = dict.fromkeys((find_resolver, resolver), _give_resolve)


class Served:
    """An ASGI application whose every request lives in a transaction that is rolled back.

    The service's own `get_session` is at work: what it commits is a savepoint of ours. While
    `keeps` is set, requests build on one another, until `undo` is called.
    """

    def __init__(
        self, service: str, settings: ServiceSettings, clock: Clock, **extension: Any
    ) -> None:
        self.service = service
        self.app = app_of(service)
        self.keeps = False
        self._url = async_url(settings.database_dsn)
        self._engine: AsyncEngine | None = None
        self._connection: AsyncConnection | None = None
        # Requests of one service come one at a time: they share a connection.
        self._turn = anyio.Lock()
        # `serve` gives a transport for tests that drive it by httpx; here the app alone is asked.
        transport = serve(self.app, settings, sessions=self, clock=clock, **extension)
        self._asgi: ASGIApp = transport.app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request; as it starts and ends, open the connection and close it."""
        if scope["type"] == "lifespan":
            await receive()
            await self._open()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self._close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        async with self._turn:
            connection = await self._open()
            if not connection.in_transaction():
                await connection.begin()
            # While anything is overridden FastAPI reads every signature anew: only where it must.
            if scope["path"].startswith(_LOOKING_UP):
                self.app.dependency_overrides.update(RESOLVERS)
            try:
                await self._asgi(scope, receive, send)
            finally:
                self.app.dependency_overrides.clear()
                if not self.keeps:
                    # An endless stream is cancelled, and that must not stop the clearing up.
                    with anyio.CancelScope(shield=True):
                        await connection.rollback()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncSession]:
        """What `async_sessionmaker.begin` is to the service: a transaction, within ours."""
        assert self._connection is not None
        async with AsyncSession(
            self._connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
        ) as session:
            async with session.begin():
                yield session
            # What would be checked by the commit that never comes.
            await self._connection.execute(_AS_BY_COMMIT)

    async def _open(self) -> AsyncConnection:
        if self._engine is None:
            arguments = {"server_settings": _LIMITS}
            self._engine = create_async_engine(self._url, connect_args=arguments)
        if self._connection is None or self._connection.closed or self._connection.invalidated:
            self._connection = await self._engine.connect()
        return self._connection

    async def _close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
        if self._engine is not None:
            await self._engine.dispose()
        self._connection = self._engine = None


class Wire(httpx.AsyncBaseTransport):
    """How services reach each other, by the port of the address; tokens are to be had anywhere."""

    def __init__(self, bearer: str) -> None:
        self.ports: dict[int, httpx.AsyncBaseTransport] = {}
        self._bearer = bearer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": self._bearer, "expires_in": 3600})
        return await self.ports[request.url.port or 80].handle_async_request(request)
