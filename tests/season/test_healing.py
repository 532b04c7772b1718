"""A played season, damaged by hand and put back to older dumps, with all processes at work."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.local import backups
from deploy.local.processes import ROOT
from deploy.local.stack import Stack
from deploy.season.api import Api
from deploy.season.play import start_of
from tests.e2e.conftest import eventually
from tests.independent import recompute
from tests.season.conftest import PLAYED_UNTIL

pytestmark = [
    pytest.mark.healing,
    pytest.mark.e2e,
    pytest.mark.timeout(900),
    pytest.mark.usefixtures("season"),
]

EVENING = start_of(PLAYED_UNTIL) + timedelta(hours=20)
PERIOD = "2023-10"


async def hand_in(api: Api, count: int, at: datetime) -> None:
    """Coordinators forward what clusters have submitted, by an instant yet to come; then it is."""
    found = await api.get("auditor", "assignments", "/v1/executions", status="submitted", limit=200)
    scored = [one for one in found["items"] if _is_scored(one)]
    chosen = sorted(scored, key=lambda one: (str(one["due"]), str(one["id"])))[:count]
    assert len(chosen) == count
    for one in chosen:
        path = f"/v1/executions/{one['id']}/forward"
        await api.post(f"coordinator-{one['region']}", "assignments", path, at=at)
    await api.set_clock(at + timedelta(minutes=1))


def _is_scored(one: dict[str, Any]) -> bool:
    return (one["origin"], one["role"], one["addressee"]) == ("protocol", "lead", "cluster")


async def differences(api: Api, since: datetime) -> list[str]:
    """Where the rating of now is not what assignments' facts say; a note until now is `since`.

    And until everything is heard.
    """
    rating = await api.get("auditor", "rating", "/v1/ratings/regions")
    as_of = datetime.fromisoformat(rating["as_of"])
    heard = rating["complete_through"]
    if as_of < since:
        return [f"the rating's clock stands at {as_of}"]
    if heard is None or as_of - datetime.fromisoformat(heard) > timedelta(seconds=1):
        return [f"heard up to {heard}"]
    regions = await every(api, "directory", "/v1/regions")
    zones = {region["code"]: region["timezone"] for region in regions}
    facts = await every(
        api, "assignments", "/v1/executions/facts", as_of=as_of.isoformat(), limit=1000
    )
    mine = recompute.recompute(facts, zones, as_of, rating["period"], rating["mu_bp"])
    past = await api.get(
        "auditor", "rating", "/v1/ratings/regions", period=PERIOD, as_of=as_of.isoformat()
    )
    assert sum(row["executions"] for row in mine.values()) > 20
    return recompute.differences(mine, rating["items"]) + recompute.differences(mine, past["items"])


async def every(api: Api, service: str, path: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await api.get("auditor", service, path, **params, **cursor)
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


async def whole(api: Api, since: datetime = EVENING) -> None:
    await eventually(partial(differences, api, since), lambda found: found == [])


async def board(api: Api) -> Any:
    return (await api.get("auditor", "rating", "/v1/ratings/regions"))["items"]


async def command(stack: Stack, name: str) -> int:
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "services.rating.main", name],
        cwd=ROOT,
        env={**os.environ, **stack.env("rating")},
        timeout=300,
    )
    return done.returncode


async def sql(stack: Stack, *statements: str) -> None:
    connection = await asyncpg.connect(stack.owner_env("rating")["DATABASE_URL"])
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def recorded(api: Api, field: str, value: str) -> Any:
    """The newest reconciliation of which this is so; scheduled ones may have come between."""
    listed = await api.get("auditor", "rating", "/v1/reconciliations")
    return next(one for one in listed["items"] if one[field] == value)


async def test_assignments_put_back_to_an_older_dump(
    api: Api, stack: Stack, tmp_path: Path
) -> None:
    await whole(api)
    await asyncio.to_thread(backups.save, stack, tmp_path, ["assignments"])
    before = await board(api)
    await hand_in(api, 6, EVENING + timedelta(minutes=10))
    await whole(api, EVENING + timedelta(minutes=10))
    assert await board(api) != before

    await asyncio.to_thread(backups.put_back, stack, tmp_path, ["assignments"])
    await api.set_clock(EVENING + timedelta(minutes=20))
    await whole(api, EVENING + timedelta(minutes=20))
    assert await board(api) == before
    await hand_in(api, 3, EVENING + timedelta(minutes=30))
    await whole(api, EVENING + timedelta(minutes=30))

    assert await board(api) != before
    assert (await recorded(api, "trigger", "replaced_log"))["outcome"] == "healed"


async def test_rating_and_assignments_put_back_to_dumps_of_different_hours(
    api: Api, stack: Stack, tmp_path: Path
) -> None:
    await asyncio.to_thread(backups.save, stack, tmp_path, ["rating"])
    await hand_in(api, 2, EVENING + timedelta(minutes=40))
    await whole(api, EVENING + timedelta(minutes=40))
    await asyncio.to_thread(backups.save, stack, tmp_path, ["assignments"])
    await hand_in(api, 2, EVENING + timedelta(minutes=50))
    await whole(api, EVENING + timedelta(minutes=50))

    for service in ("rating", "assignments"):
        await asyncio.to_thread(backups.put_back, stack, tmp_path, [service])
    await hand_in(api, 2, EVENING + timedelta(minutes=60))

    await whole(api, EVENING + timedelta(minutes=60))


DAMAGE = (
    "delete from executions where hashtext(execution_id::text) % 3 = 0",
    "delete from execution_versions where hashtext(execution_id::text) % 4 = 0",
    "update execution_versions set returns = returns + 1 where version % 2 = 0",
)


@pytest.mark.parametrize("name", ["reconcile", "rebuild"])
async def test_a_command_beside_the_worker_puts_damage_right(
    api: Api, stack: Stack, name: str
) -> None:
    await whole(api)
    before = await board(api)
    await sql(stack, *DAMAGE, "insert into touched (region) select code from regions")
    await eventually(partial(board, api), lambda found: found != before)

    assert await command(stack, name) == 0

    await eventually(partial(board, api), lambda found: found == before)
    await whole(api)
    done = await recorded(api, "requested_by", "command")
    assert (done["trigger"] == "rebuild", done["outcome"]) == (name == "rebuild", "healed")
    assert done["partitions_done"] == done["partitions"] > 0


async def test_asked_for_over_http_the_worker_does_it(api: Api, stack: Stack) -> None:
    before = await board(api)
    await sql(stack, "truncate executions, execution_versions")

    asked = await api.post("cur_admin", "rating", "/v1/reconciliations", {})

    read: Callable[[], Awaitable[Any]] = partial(
        api.get, "auditor", "rating", f"/v1/reconciliations/{asked['id']}"
    )
    done = await eventually(read, lambda found: found["finished_at"] is not None)
    assert (done["outcome"], done["versions_added"] > 100) == ("healed", True)
    assert all(one["after"] == one["owner"] for one in done["regions"])
    await eventually(partial(board, api), lambda found: found == before)
    await whole(api)
