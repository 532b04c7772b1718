"""A protocol for 500 clusters is approved: how long until 500 executions are listed."""

import asyncio
import re
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from deploy.season.api import Api
from tests.bench.results import ASIDE, Options, Result, plain
from tests.bench.settling import enter_reference, settle
from tests.bench.stand import Say, Stand, run, standing

TABLES: Final = ("assignments", "executions", "execution_steps", "outbox")
_LOST_SECONDS: Final = 60.0
WRITES: Final = (
    "select calls, query from pg_stat_statements s join pg_database d on d.oid = s.dbid"
    " where d.datname = 'assignments' and query ~* '^\\s*(insert into|copy)'"
)
_WRITTEN: Final = re.compile(r'\s*(?:insert into|copy)\s+"?(\w+)', re.IGNORECASE)


def measure(options: Options, say: Say) -> Result:
    """Seconds from the approval's 2xx to the last page that lists all of them."""
    clusters = options.size(options.executions, 500, 60)
    result = Result(
        "fanout",
        "Протокол на 500 кластеров",
        "Весь стенд. Секретарь готовит протокол с одним пунктом для всех кластеров, администратор"
        " утверждает; считается время от 2xx утверждения до ответа GET /v1/executions, где"
        " перечислены все исполнения. Операторы считает pg_stat_statements.",
        parameters={"clusters": clusters},
    )
    with standing(services=True) as stand:
        enter_reference(stand)
        stand.count_statements()
        for name in ("assignments-worker", "assignments-api", "directory-api", "meetings-api"):
            stand.stack.wait(name)
        run(_enter_clusters(stand, clusters))
        settle(stand, seconds=120)
        seconds, calls = [], []
        # The first warms up: statements are prepared, connections opened.
        for number in range(options.times() + 1):
            stand.sql("postgres", "select pg_stat_statements_reset()")
            taken = run(_approve_and_wait(stand, clusters))
            settle(stand, seconds=120)
            if number:
                seconds.append(taken)
                calls.append(_calls(stand))
                say(f"прогон {number}: {taken:.2f} с, записей {dict(calls[-1])}")
    listed = result.add(f"{clusters} исполнений перечислены", "с", seconds)
    for table in TABLES:
        result.add(
            f"Операторов insert и copy в {table}", "шт.", [one[table] for one in calls], ASIDE
        )
    result.at_most("≤ 1,5 с", listed.median, 1.5, shown=f"{plain(listed.median)} с")
    furthest = max(abs(one[table] - 1) for one in calls for table in TABLES[:3])
    result.at_most(
        "ровно один оператор на таблицу",
        furthest,
        0,
        shown=", ".join(f"{table} {calls[-1][table]}" for table in TABLES),
    )
    result.remarks.append(
        "В outbox пишут и поручение, и исполнения, и обработчик, который передаёт их"
        " координаторам: больше одного оператора там — не по строке на исполнение."
    )
    return result


def _calls(stand: Stand) -> dict[str, int]:
    found: dict[str, int] = defaultdict(int)
    for calls, query in stand.rows("postgres", WRITES):
        found[written_to(query)] += calls
    return found


def written_to(query: str) -> str:
    """The table that the statement puts rows into, one at a time or all by COPY."""
    found = _WRITTEN.match(query)
    assert found is not None, query
    return found[1].lower()


async def _enter_clusters(stand: Stand, count: int) -> None:
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        api = Api(client, stand.stack.urls)
        industry = (await api.get("cur_admin", "directory", "/v1/industries"))["items"][0]["code"]
        regions = (await api.get("cur_admin", "directory", "/v1/regions", limit=100))["items"]
        codes = [region["code"] for region in regions]
        await asyncio.gather(
            *(
                api.post(
                    "cur_admin",
                    "directory",
                    "/v1/clusters",
                    {
                        "code": f"{codes[n % len(codes)]}-2022-{n // len(codes) + 10:02}",
                        "name": f"Кластер № {n}",
                        "region": codes[n % len(codes)],
                        "industry": industry,
                        "cohort": 2022,
                    },
                )
                for n in range(count)
            )
        )


async def _approve_and_wait(stand: Stand, count: int) -> float:
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        api = Api(client, stand.stack.urls)
        protocol = await _draft(api)
        await api.get("cur_controller", "assignments", "/v1/executions", limit=1)
        await api.post_as_read("cur_admin", "meetings", f"/v1/protocols/{protocol}", "approve")
        began = time.perf_counter()
        while await _listed(api, protocol) < count:
            assert time.perf_counter() - began < _LOST_SECONDS, "the executions do not come"
            await asyncio.sleep(0.005)
        return time.perf_counter() - began


async def _draft(api: Api) -> str:
    meeting = await api.post(
        "secretary",
        "meetings",
        "/v1/meetings",
        {
            "title": "Совещание",
            "series": "other",
            "starts_at": (datetime.now(UTC) - timedelta(hours=2)).isoformat(),
            "duration_minutes": 60,
        },
    )
    await api.post("secretary", "meetings", f"/v1/meetings/{meeting['id']}/hold")
    body = {"meeting_id": meeting["id"]}
    protocol = await api.post("secretary", "meetings", "/v1/protocols", body)
    item = {
        "text": "Представить план загрузки мастерских",
        "priority": "important",
        "addressees": {"kind": "cluster"},
    }
    await api.post("secretary", "meetings", f"/v1/protocols/{protocol['id']}/items", item)
    return str(protocol["id"])


async def _listed(api: Api, protocol: str) -> int:
    """How many executions the pages list."""
    count = 0
    cursor: dict[str, Any] = {}
    while True:
        page = await api.get(
            "cur_controller",
            "assignments",
            "/v1/executions",
            protocol_id=protocol,
            limit=200,
            **cursor,
        )
        count += len(page["items"])
        if page["next_cursor"] is None:
            return count
        cursor = {"cursor": page["next_cursor"]}
