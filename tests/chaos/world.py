"""The people and the work the load is about: clusters, offices, protocols, the clock."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from random import Random
from typing import Any, Final
from uuid import uuid4

from deploy.season.api import Api
from deploy.season.plan import MOSCOW, make_season
from tests.chaos.client import Client, Command

FIRST_INSTANT: Final = datetime.combine(date(2023, 10, 2), time(9), MOSCOW)
_DAYS_TO_DUE: Final = (1, 2, 5, 9, 14, 21)


@dataclass(slots=True)
class Known:
    """An execution as the load last saw it."""

    id: str
    protocol: str | None
    region: str
    cluster: str | None
    status: str
    version: int
    due: date
    # Commands under way.
    busy: int = 0
    asked: bool = False
    file: str | None = None


@dataclass(slots=True)
class World:
    """Who there is, and what they know of."""

    regions: list[str]
    clusters: list[str]
    dice: Random
    executions: dict[str, Known] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def of_protocol(self, protocol: str) -> list[Known]:
        """The executions known of a protocol."""
        return [one for one in self.executions.values() if one.protocol == protocol]

    def keep(self, rows: Sequence[dict[str, Any]]) -> None:
        """Take over executions as the service shows them."""
        for row in rows:
            known = self.executions.get(row["id"])
            if known is None:
                self.executions[row["id"]] = Known(
                    row["id"],
                    row["protocol_id"],
                    row["region"],
                    row["cluster_id"],
                    row["status"],
                    row["version"],
                    date.fromisoformat(row["due"]),
                )
            elif row["version"] > known.version:
                known.status, known.version = row["status"], row["version"]
                known.due = date.fromisoformat(row["due"])


async def build(api: Api, dice: Random, *, clusters: int, regions: int) -> World:
    """Reference data, clusters in so many regions, and everybody's offices; the clock ticks on.

    Every region has the head of its authority, whom letters go to.
    """
    await api.post("cur_admin", "directory", "/v1/reference-data/load")
    listed = (await api.get("cur_admin", "directory", "/v1/regions", limit=200))["items"]
    industries = (await api.get("cur_admin", "directory", "/v1/industries"))["items"]
    codes = sorted(region["code"] for region in listed)
    season = make_season(
        dice.randrange(1000),
        clusters,
        [(code, code) for code in codes],
        [(one["code"], one["name"]) for one in industries],
    )
    chosen = sorted(dice.sample(codes, regions))
    entered = await asyncio.gather(
        *(
            api.post(
                "cur_admin",
                "directory",
                "/v1/clusters",
                {
                    "code": cluster.code,
                    "name": cluster.name,
                    "region": chosen[number % regions],
                    "industry": cluster.industry,
                    "cohort": cluster.cohort,
                },
            )
            for number, cluster in enumerate(season.clusters)
        )
    )
    await asyncio.gather(*(_appoint(api, code, "coordinator") for code in chosen))
    await asyncio.gather(*(_appoint(api, code, "authority_head") for code in codes))
    await api.set_clock(FIRST_INSTANT + timedelta(seconds=1), running=True)
    return World(chosen, [one["id"] for one in entered], dice)


async def _appoint(api: Api, region: str, office: str) -> None:
    person = await api.post(
        "cur_admin",
        "directory",
        "/v1/people",
        {"full_name": f"Петрова Анна {region}", "email": f"{office}-{region}@example.org"},
    )
    await api.post(
        "cur_admin",
        "directory",
        "/v1/appointments",
        {
            "region": region,
            "office": office,
            "person_id": person["id"],
            "valid_from": FIRST_INSTANT.date().isoformat(),
        },
    )


async def now_of(client: Client) -> datetime:
    """What the stack's clock shows."""
    found = await client.read("cur_admin", "assignments", "/v1/clock")
    return datetime.fromisoformat(found["instant"])


async def resolve_something(client: Client, world: World, *, items: int) -> tuple[str, int]:
    """A meeting, its protocol and the approval; the id, and how many executions that must make.

    Everything by journalled commands. The executions come by events, some time later.
    """
    now = await now_of(client)
    number = next(world.numbers)

    async def post(
        kind: str, who: str, path: str, body: Any = None, version: int | None = None
    ) -> Any:
        command = Command(kind, who, "meetings", path, body, version=version)
        answer = await client.carry_out(command)
        assert answer.ok, f"{kind}: {answer.body}"
        return answer.body

    held = await post(
        "convene",
        "secretary",
        "/v1/meetings",
        {
            "title": f"Совещание {number}",
            "series": "unified",
            "starts_at": (now - timedelta(minutes=1)).astimezone(UTC).isoformat(),
            "duration_minutes": 60,
        },
    )
    await post("hold", "secretary", f"/v1/meetings/{held['id']}/hold")
    protocol = await post("open", "secretary", "/v1/protocols", {"meeting_id": held["id"]})
    today = now.astimezone(MOSCOW).date()
    for item in range(items):
        days = world.dice.choice(_DAYS_TO_DUE)
        authorities = item == 0
        await post(
            "item",
            "secretary",
            f"/v1/protocols/{protocol['id']}/items",
            {
                "text": f"Представить план {number}.{item} [{uuid4()}]",
                "priority": world.dice.choice(("planned", "important", "urgent")),
                "due_on": (today + timedelta(days=days)).isoformat(),
                "addressees": {
                    "kind": "authority" if authorities else "cluster",
                    "regions": world.regions[:5] if authorities else world.regions,
                },
            },
        )
    read = await client.read("cur_admin", "meetings", f"/v1/protocols/{protocol['id']}")
    approve = f"/v1/protocols/{protocol['id']}/approve"
    await post("approve", "cur_admin", approve, version=read["version"])
    return protocol["id"], min(5, len(world.regions)) + (items - 1) * len(world.clusters)
