"""Blows: processes killed, frozen, stopped, and connections cut, at some instant."""

import asyncio
from contextlib import suppress

import psutil

from deploy.local.errors import StackError
from tests.chaos.stage import Stage


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


async def stop(stage: Stage, name: str, *, times: float = 1.0) -> None:
    """The process is stopped by its supervisor, stays away for a while, and is started."""
    await stage.a_moment()
    await asyncio.to_thread(stage.stack.stop, name)
    stage.ended_rating += name == "rating-worker"
    await asyncio.sleep(stage.lasting * times)
    await asyncio.to_thread(stage.stack.start, name)


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
