"""A small programme at work in all four services, made through their own APIs and feeds."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import asyncpg
import httpx
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.consumers import events as assignments_events
from services.directory.consumers import events as directory_events
from services.meetings.consumers import events as meetings_events
from services.rating.board.live import Board
from services.rating.consumers import events as rating_events
from shared.clients.base import ServiceClient
from shared.clock import Clock, Setting
from shared.consumer import Consumer, share_of
from shared.db import Sessions, async_url
from shared.relay import Relay
from shared.settings import ServiceSettings
from shared.topics import PRODUCED
from tests.conftest import ISSUER, Headers, serve, settings_for, sign
from tests.fuzz.served import RESOLVERS, Wire, app_of

PORTS: Final = {"directory": 8001, "meetings": 8002, "assignments": 8003, "rating": 8004}
EVENTS: Final = {
    "directory": directory_events,
    "meetings": meetings_events,
    "assignments": assignments_events,
    "rating": rating_events,
}
INDUSTRY: Final = "metallurgy"
REGION: Final = "16"
# A night's run must not outlive its tokens.
_LASTING_SECONDS: Final = 7 * 24 * 3600
# Who acts, and whose rows are theirs; everybody else acts for nobody in particular.
ROWS: Final[Mapping[str, Mapping[str, list[str]]]] = {
    "coordinator": {"regions": [REGION]},
    "deputy": {"regions": [REGION]},
    "authority_head": {"regions": [REGION]},
    "association": {"industries": [INDUSTRY]},
}


class Nowhere:
    """A producer for relays that have no broker: whoever wants to hear reads the feed."""

    async def send(self, *_: Any, **__: Any) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


def surroundings(dsn: str, store: str) -> ServiceSettings:
    """What a service is told; its pushes may go nowhere but here."""
    return settings_for(
        dsn,
        object_store_url=store,
        oidc_token_url=f"{ISSUER}/token",
        webhook_private_networks=["127.0.0.0/8"],
    )


def bearer_of(headers: Headers) -> str:
    """The token alone."""
    return headers["Authorization"].removeprefix("Bearer ")


@dataclass
class World:
    """Four services over databases of their own, and one stopped clock."""

    dsns: Mapping[str, str]
    store: str
    clock: Clock = field(default_factory=Clock)
    sessions: dict[str, Sessions] = field(default_factory=dict)
    http: httpx.AsyncClient = field(default_factory=httpx.AsyncClient)
    clusters: list[str] = field(default_factory=list)
    board: Board = field(default_factory=Board)

    def headers(self, role: str) -> Headers:
        """The token of a role, with the rows it has here."""
        rows = {**ROWS.get(role, {})}
        if role == "cluster":
            rows["clusters"] = self.clusters[:1]
        return sign(role, exp=int(time.time()) + _LASTING_SECONDS, **rows)

    async def ask(
        self,
        method: str,
        service: str,
        path: str,
        body: Any = None,
        *,
        by: str,
        version: int | None = None,
        **given: Any,
    ) -> Any:
        """The JSON of an answer that must be a success."""
        url = f"http://127.0.0.1:{PORTS[service]}{path}"
        headers = self.headers(by)
        if version is not None:
            headers["If-Match"] = f'"v{version}"'
        answer = await self.http.request(method, url, headers=headers, json=body, **given)
        assert answer.is_success, f"{method} {path} by {by}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def post(
        self, service: str, path: str, body: Any = None, *, by: str = "cur_admin"
    ) -> Any:
        return await self.ask("POST", service, path, body, by=by)

    def at(self, instant: str) -> None:
        """Set the stopped clock."""
        moment = datetime.fromisoformat(instant)
        self.clock.setting = Setting(moment, moment, running=False)

    async def carry(self, *services: str) -> None:
        """What these services have told reaches all who hear it."""
        told: set[str] = set()
        for service in services:
            connection = await asyncpg.connect(self.dsns[service])
            nowhere: Any = Nowhere()
            await Relay(connection, nowhere, self.clock, PRODUCED[service]).announce()
            await connection.close()
            told |= set(PRODUCED[service])
        for service, router in EVENTS.items():
            # Those without an event too: what they have not said, nobody takes for whole.
            topics = [topic for topic in router.topics if topic in told]
            streams = share_of(topics, index=0, count=1)
            if not streams:
                continue
            sessions = self.sessions[service]
            consumer = Consumer(router, sessions, self.client, streams, self.clock)
            await consumer.load()
            await consumer.catch_up()

    @property
    def client(self) -> ServiceClient:
        """The services as a service of ours reaches them."""
        return ServiceClient(self.http, surroundings(self.dsns["rating"], self.store))


@asynccontextmanager
async def open_world(dsns: Mapping[str, str], store: str) -> AsyncIterator[World]:
    """The services over these migrated databases, whose commits are real; nothing is in them."""
    world = World(dsns, store)
    wire = Wire(bearer_of(world.headers("service")))
    async with AsyncExitStack() as stack:
        world.http = await stack.enter_async_context(httpx.AsyncClient(transport=wire))
        for service, dsn in dsns.items():
            engine = create_async_engine(async_url(dsn))
            stack.push_async_callback(engine.dispose)
            world.sessions[service] = async_sessionmaker(
                engine, class_=AsyncSession, expire_on_commit=False
            )
            app = app_of(service)
            app.dependency_overrides.update(RESOLVERS)
            stack.callback(app.dependency_overrides.clear)
            wire.ports[PORTS[service]] = serve(
                app,
                surroundings(dsn, store),
                sessions=world.sessions[service],
                clock=world.clock,
                client=world.client,
                board=world.board,
            )
        yield world
