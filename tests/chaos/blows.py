"""Blows: processes killed, frozen, stopped, and connections cut, at some instant."""

import asyncio
import signal
from contextlib import suppress
from functools import partial
from typing import Final

import asyncpg
import psutil

from deploy.local.errors import StackError
from tests.chaos.client import Command
from tests.chaos.stage import Stage, eventually

_TRUTH_SECONDS: Final = 30.0
_UNDER_WAY_SECONDS: Final = 1.0


async def kill(stage: Stage, *names: str) -> None:
    """Each dies at some instant; the supervisor starts it again."""
    for name in names:
        await stage.a_moment()
        with suppress(StackError, ProcessLookupError):  # it is just coming back
            await asyncio.to_thread(stage.stack.kill, name)
        stage.ended_rating += name == "rating-worker"
        stage.ended_mail += name == "mail"


async def freeze(stage: Stage, name: str) -> None:
    """The process stands still with all its connections open, and goes on."""
    await stage.a_moment()
    pid = await asyncio.to_thread(stage.stack.pid, name)
    if pid is None:
        return
    family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    for process in family:
        process.suspend()
    try:
        await asyncio.sleep(stage.lasting)
    finally:
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.resume()


async def stop(stage: Stage, name: str) -> None:
    """The process is stopped by its supervisor, stays away for a while, and is started."""
    await stage.a_moment()
    await asyncio.to_thread(stage.stack.stop, name)
    stage.ended_rating += name == "rating-worker"
    await asyncio.sleep(stage.lasting)
    await asyncio.to_thread(stage.stack.start, name)


async def stop_broker(stage: Stage) -> None:
    """The broker stays away: the APIs are ready without it, and no worker says that it is."""
    await stage.a_moment()
    await asyncio.to_thread(stage.stack.stop, "broker")
    try:
        await asyncio.sleep(stage.lasting * 3)
        await eventually(partial(_not_so, stage, "api", "worker"), _TRUTH_SECONDS)
    finally:
        await asyncio.to_thread(stage.stack.start, "broker")


async def stop_postgres(stage: Stage) -> None:
    """The database stays away for a moment: nobody says that they are ready."""
    await stage.a_moment()
    await asyncio.to_thread(stage.stack.stop, "postgres")
    try:
        await eventually(partial(_not_so, stage, "", "worker", "api"), _TRUTH_SECONDS)
    finally:
        await asyncio.to_thread(stage.stack.start, "postgres")


async def _not_so(stage: Stage, ready: str, *unready: str) -> list[str]:
    """The processes whose readiness is not this; by the ends of their names."""
    rows = await asyncio.to_thread(stage.stack.status)
    found = []
    for row in rows:
        kind = row.name.partition("-")[2]
        if kind and row.healthy and kind in unready:
            found.append(f"{row.name} says it is ready")
        if kind and not row.healthy and kind == ready:
            found.append(f"{row.name} is not ready")
    return found


async def drain(stage: Stage) -> None:
    """SIGTERM while a command waits for a row: it is answered before the process ends."""
    one = next(
        one for one in stage.world.executions.values() if one.status == "routed" and not one.busy
    )
    one.busy += 1
    connection = await asyncpg.connect(stage.dsn("assignments"))
    try:
        locked = connection.transaction()
        await locked.start()
        version = await connection.fetchval(
            "select version from executions where id = $1 for update", one.id
        )
        command = Command(
            "acknowledge",
            f"coordinator-{one.region}",
            "assignments",
            f"/v1/executions/{one.id}/acknowledge",
            meant={one.id: version},
        )
        answer = asyncio.create_task(stage.client.carry_out(command))
        await eventually(partial(_nobody_waits, stage), _TRUTH_SECONDS)
        await asyncio.to_thread(stage.stack.kill, "assignments-api", signal.SIGTERM)
        await asyncio.sleep(_UNDER_WAY_SECONDS)
        await locked.rollback()
        # A 503 is an answer, too: another fault of the round may have moved the clock.
        assert (await answer).lost == 0, "a command under way was not answered at the end"
    finally:
        await connection.close()
    # The load would else command what has been done, and take it for its own after an outage.
    row = await stage.client.read("auditor", "assignments", f"/v1/executions/{one.id}")
    stage.world.keep([row])
    one.busy -= 1


async def _nobody_waits(stage: Stage) -> list[str]:
    rows = await stage.sql(
        "assignments",
        "select pid from pg_stat_activity where wait_event_type = 'Lock' and datname = $1"
        " and query ilike '%executions%'",
        "assignments",
    )
    return [] if rows else ["no command waits for the row"]


async def wipe_broker(stage: Stage) -> None:
    """The broker comes back knowing nothing."""
    await stage.a_moment()
    await asyncio.to_thread(stage.stack.wipe_broker)


async def kill_postgres(stage: Stage) -> None:
    """The server's own process dies; its supervisor starts it, and it recovers from its log."""
    await stage.a_moment()
    pid = await asyncio.to_thread(stage.stack.pid, "postgres")
    assert pid is not None
    for process in [*psutil.Process(pid).children(), psutil.Process(pid)]:
        with suppress(psutil.NoSuchProcess):
            process.kill()


async def end_backends(stage: Stage, service: str) -> None:
    """All of a service's connections to its database are cut, three times."""
    for _ in range(3):
        await stage.a_moment()
        await stage.sql(
            "postgres",
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1",
            service,
        )
