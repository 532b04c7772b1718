"""The world told once, and each of its services ready to be fuzzed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx

from deploy.local import postgres as local_postgres
from shared import migrations
from shared.auth import Role
from shared.clients.base import ServiceClient
from tests.conftest import Headers
from tests.fuzz.pool import Pool, explore
from tests.fuzz.served import Served, Wire, app_of
from tests.fuzz.story import tell
from tests.fuzz.world import PORTS, World, bearer_of, open_world, surroundings

# Who reads what the others may not: their lists tell the rest of what there is.
_READERS: Final = (Role.CUR_ADMIN, Role.PLATFORM, Role.SERVICE)


@dataclass
class Prepared:
    """Every service with what is known to be in it, and the tokens of those who ask."""

    served: Mapping[str, Served]
    pools: Mapping[str, Pool]
    headers: Callable[[str], Headers]


async def prepare(server: local_postgres.Server, store: Path, name: str = "fuzz") -> Prepared:
    """Four databases on the server, named so and filled by the story; files go to the folder."""
    connection = await asyncpg.connect(server.dsn)
    dsns = {}
    for service in migrations.SERVICES:
        await connection.execute(f"create database {name}_{service}")
        dsns[service] = server.dsn.rsplit("/", 1)[0] + f"/{name}_{service}"
        await migrations.upgrade(service, dsns[service])
    await connection.close()
    async with open_world(dsns, store.as_uri()) as world:
        await tell(world)
        return Prepared(_serve(world), await _explore(world), world.headers)


async def _explore(world: World) -> dict[str, Pool]:
    """What each service shows; of people and clusters the others know is heard there too."""
    pools = {service: Pool() for service in migrations.SERVICES}
    for service, pool in pools.items():
        document = app_of(service).openapi()
        base = f"http://127.0.0.1:{PORTS[service]}"
        for role in _READERS:
            await explore(world.http, base, document, world.headers(role), pool)
    for pool in pools.values():
        for other in pools.values():
            pool.learn(other)
    return pools


def _serve(world: World) -> dict[str, Served]:
    wire = Wire(bearer_of(world.headers(Role.SERVICE)))
    http = httpx.AsyncClient(transport=wire)
    served = {}
    for service, dsn in world.dsns.items():
        settings = surroundings(dsn, world.store)
        extension: dict[str, Any] = {
            "client": ServiceClient(http, settings),
            "board": world.board,
        }
        served[service] = Served(service, settings, world.clock, **extension)
        wire.ports[PORTS[service]] = httpx.ASGITransport(app=served[service])
    return served
