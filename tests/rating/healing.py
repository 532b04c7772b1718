"""The four services over real databases, joined by their feeds, no broker.

Any of the databases can be copied as by a backup, and put back as it was then.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import httpx
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from deploy.local import postgres as local_postgres
from services.assignments.main import app as assignments_app
from services.directory.main import app as directory_app
from services.meetings.main import app as meetings_app
from services.rating.board.live import Board
from services.rating.consumers import events
from services.rating.main import app as rating_app
from services.rating.models import Reconciliation
from services.rating.repository import reconciliations as repository
from services.rating.service import reconciliations, slices
from services.rating.service.standings import score
from shared import migrations, outbox
from shared.clients.base import ServiceClient
from shared.clock import Clock, Setting
from shared.consumer import Consumer, share_of
from shared.db import Sessions, async_url, transaction
from shared.events.assignments import ExecutionEvent, ExecutionForwarded, ExecutionIssued
from shared.events.base import Event
from shared.events.directory import RegionRegistered
from shared.relay import Relay
from shared.topics import PRODUCED
from tests.conftest import NOW, Tokens, serve, settings_for
from tests.independent import recompute
from tests.rating.standings import stored_standings

ZONES: Final = {
    "02": "Asia/Yekaterinburg",
    "16": "Europe/Moscow",
    "39": "Europe/Kaliningrad",
    "41": "Asia/Kamchatka",
    "54": "Asia/Novosibirsk",
    "77": "Europe/Moscow",
}
# Service → where others look for it, and what answers there.
SERVED: Final = {
    "directory": (8001, directory_app),
    "meetings": (8002, meetings_app),
    "assignments": (8003, assignments_app),
    "rating": (8004, rating_app),
}


class Nowhere:
    """A producer for a relay that has no broker: whoever wants to hear reads the feed."""

    async def send(self, *_: Any, **__: Any) -> asyncio.Future[None]:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


@dataclass
class World:
    """Four services; `told` are the newest facts of each execution as told last."""

    admin: asyncpg.Connection
    dsns: Mapping[str, str]
    engines: Mapping[str, AsyncEngine]
    sessions: Mapping[str, Sessions]
    http: httpx.AsyncClient
    client: ServiceClient
    clock: Clock
    token: Tokens
    dice: Random = field(default_factory=lambda: Random(11))
    told: dict[UUID, ExecutionEvent] = field(default_factory=dict)
    backups: dict[str, dict[UUID, ExecutionEvent]] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def later(self, **by: float) -> None:
        """Move the stopped clock on."""
        then = self.now + timedelta(**by)
        self.clock.setting = Setting(then, then, running=False)

    async def tell(self, service: str, *told: Event) -> None:
        """Commit events, number them and announce how far they are whole."""
        async with transaction(self.sessions[service]) as session:
            await outbox.add(session, told)
        self.later(seconds=1)
        await self.announce(service)

    async def announce(self, service: str) -> None:
        connection = await asyncpg.connect(self.dsns[service])
        nowhere: Any = Nowhere()
        await Relay(connection, nowhere, self.clock, PRODUCED[service]).announce()
        await connection.close()

    async def issue(self, count: int) -> None:
        """New executions in random regions, due around now."""
        today = self.now.date()
        await self.tell("assignments", *(self._issued(today) for _ in range(count)))

    def _issued(self, today: date) -> ExecutionEvent:
        due = today + timedelta(days=self.dice.randint(-10, 12))
        event = ExecutionIssued(
            version=1,
            occurred_at=self.now,
            execution_id=uuid4(),
            assignment_id=uuid4(),
            protocol_id=None,
            protocol_item_id=None,
            origin="protocol",
            role="lead",
            addressee="cluster",
            cluster_id=uuid4(),
            region=self.dice.choice(sorted(ZONES)),
            cohort=self.dice.choice([None, 2022, 2023]),
            industry="mechanical-engineering",
            weight=self.dice.randint(1, 3),
            issued_on=today - timedelta(days=20),
            due0=due,
            due=due,
            status="routed",
            submitted_at=None,
            forwarded_at=None,
            done=None,
            returns=0,
            returned_on=None,
            extensions=0,
            accepted_at=None,
            withdrawn_at=None,
        )
        self.told[event.execution_id] = event
        return event

    async def work(self, count: int) -> None:
        """Some executions are handed in, others returned."""
        chosen = self.dice.sample(sorted(self.told), min(count, len(self.told)))
        await self.tell("assignments", *(self._worked(self.told[one]) for one in chosen))

    def _worked(self, before: ExecutionEvent) -> ExecutionEvent:
        done = self.now.date() - timedelta(days=self.dice.randint(0, 9))
        change: dict[str, Any] = {"done": done, "status": "forwarded", "submitted_at": self.now}
        if before.done is not None:
            change = {
                "done": None,
                "status": "in_progress",
                "returns": before.returns + 1,
                "returned_on": done,
            }
        base = {**before.model_dump(), "version": before.version + 1, "occurred_at": self.now}
        event = ExecutionForwarded(**(base | change))
        self.told[event.execution_id] = event
        return event

    async def hear(self) -> Consumer:
        """What the rating's worker does when it starts: it goes on from its positions."""
        topics = (
            "assignments.executions",
            "directory.regions",
            "directory.clusters",
            "meetings.attendance",
        )
        streams = share_of(topics, index=0, count=1)
        consumer = Consumer(events, self.sessions["rating"], self.client, streams, self.clock)
        await consumer.load()
        await consumer.catch_up()
        return consumer

    async def standings(self) -> list[str]:
        """The stored standings after the scorer has been at work."""
        async with transaction(self.sessions["rating"]) as session:
            await score(session, self.now)
            return await stored_standings(session, f"{self.now:%Y-%m}")

    async def versions(self) -> list[tuple[Any, ...]]:
        """Every row of facts that the rating has, both tables."""
        columns = "cast(execution_id as text), version, cast(to_jsonb(f) as text)"
        rows = await self.sql("rating", f"select {columns}, 'one' from execution_versions f")
        rows += await self.sql("rating", f"select {columns}, 'newest' from executions f")
        return sorted(tuple(row) for row in rows)

    async def sql(self, service: str, statement: str) -> list[asyncpg.Record]:
        connection = await asyncpg.connect(self.dsns[service])
        try:
            found: list[asyncpg.Record] = await connection.fetch(statement)
            return found
        finally:
            await connection.close()

    async def back_up(self, service: str) -> None:
        """Keep the service's database as it is now."""
        await self.engines[service].dispose()
        await self._copy(self.dsns[service], f"{self.dsns[service]}_backup")
        self.backups[service] = dict(self.told)

    async def restore(self, service: str) -> None:
        """Put the database back as it was kept; what came after is lost."""
        await self.engines[service].dispose()
        await self._copy(f"{self.dsns[service]}_backup", self.dsns[service])
        if service == "assignments":
            self.told = dict(self.backups[service])

    async def _copy(self, source: str, target: str) -> None:
        names = (source.rsplit("/", 1)[1], target.rsplit("/", 1)[1])
        await self.admin.execute(f"drop database if exists {names[1]} with (force)")
        await self.admin.execute(f"create database {names[1]} template {names[0]}")

    async def reconcile(self, *, rebuild: bool = False) -> Reconciliation:
        """Have it done, and the standings after it worked out."""
        async with transaction(self.sessions["rating"]) as session:
            asked = await reconciliations.request(
                session, rebuild=rebuild, by="cur_admin", now=self.now
            )
        assert await reconciliations.advance(self.sessions["rating"], self.client, self.clock)
        async with transaction(self.sessions["rating"]) as session:
            return await repository.get_reconciliation(session, asked.id)

    async def recorded(self) -> list[Reconciliation]:
        async with transaction(self.sessions["rating"]) as session:
            return list(await repository.list_reconciliations(session, after=None, limit=200))

    async def differences(self, as_of: datetime) -> list[str]:
        """Where the rating is not what the owner's facts say, by the independent hand."""
        period, at = f"{self.now:%Y-%m}", as_of.isoformat()
        headers = self.token("auditor")
        facts: list[Any] = []
        cursor: dict[str, str] = {}
        while True:
            asked = {"as_of": at, **cursor}
            page = await self._get("assignments", "/v1/executions/facts", headers, asked)
            facts += page["items"]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        asked = {"period": period, "as_of": at}
        rating = await self._get("rating", "/v1/ratings/regions", headers, asked)
        mine = recompute.recompute(facts, ZONES, as_of, period, rating["mu_bp"])
        assert sum(row["executions"] for row in mine.values()) > 5
        return recompute.differences(mine, rating["items"])

    async def _get(
        self, service: str, path: str, headers: dict[str, str], params: dict[str, str]
    ) -> Any:
        url = self.client.url(service, path)
        response = await self.http.get(url, headers=headers, params=params)
        assert response.status_code == 200, response.text
        return response.json()

    async def freeze(self) -> list[tuple[Any, ...]]:
        """Freeze whatever month has ended; every line of every slice there is."""
        async with transaction(self.sessions["rating"]) as session:
            await slices.advance(session, self.now)
        rows = await self.sql("rating", "select * from slices order by id")
        rows += await self.sql("rating", "select * from slice_rows order by slice_id, region")
        return [tuple(row) for row in rows]


@asynccontextmanager
async def open_world(server: local_postgres.Server, token: Tokens) -> AsyncIterator[World]:
    """Fresh databases; the regions are told and heard."""
    name = f"heal_{uuid4().hex[:8]}"
    async with AsyncExitStack() as stack:
        admin = await asyncpg.connect(server.dsn)
        stack.push_async_callback(admin.close)
        clock = Clock()
        clock.setting = Setting(NOW, NOW, running=False)
        dsns, engines, sessions, ports = {}, {}, {}, {}
        for service, (port, app) in SERVED.items():
            await admin.execute(f"create database {name}_{service}")
            dsns[service] = server.dsn.rsplit("/", 1)[0] + f"/{name}_{service}"
            await migrations.upgrade(service, dsns[service])
            engines[service] = create_async_engine(async_url(dsns[service]))
            stack.push_async_callback(engines[service].dispose)
            sessions[service] = async_sessionmaker(
                engines[service], class_=AsyncSession, expire_on_commit=False
            )
            settings = settings_for(dsns[service], oidc_token_url="http://issuer.test/token")
            ports[port] = serve(
                app, settings, sessions=sessions[service], clock=clock, board=Board()
            )

        class Wire(httpx.AsyncBaseTransport):
            async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
                if request.url.path == "/token":
                    bearer = token("service")["Authorization"].removeprefix("Bearer ")
                    return httpx.Response(200, json={"access_token": bearer, "expires_in": 3600})
                return await ports[request.url.port or 80].handle_async_request(request)

        http = await stack.enter_async_context(httpx.AsyncClient(transport=Wire()))
        client = ServiceClient(http, settings)
        world = World(admin, dsns, engines, sessions, http, client, clock, token)
        regions = [
            RegionRegistered(
                version=1,
                occurred_at=world.now,
                code=code,
                name=code,
                short_name=code,
                federal_district="ПФО",
                timezone=zone,
            )
            for code, zone in ZONES.items()
        ]
        await world.tell("directory", *regions)
        yield world
