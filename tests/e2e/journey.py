"""What journeys are made of: reference data, a protocol for clusters, the way of an execution."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from deploy.season.api import Api
from deploy.season.play import start_of
from tests.e2e.conftest import add_item, eventually

REGION: Final = "16"
REPORT = {"text": "Исполнено", "evidence": [{"title": "Акт", "url": "https://example.org/a"}]}
RETURN = {"reason": "Приложите акт"}


def noon(day: int, month: int = 9) -> datetime:
    return start_of(date(2023, month, day)) + timedelta(hours=12)


async def reference(api: Api) -> None:
    """The reference data, unless an earlier journey has entered them."""
    if not (await api.get("cur_admin", "directory", "/v1/regions", limit=1))["items"]:
        await api.post("cur_admin", "directory", "/v1/reference-data/load", at=noon(1))


async def cluster_of(api: Api, code: str, at: datetime, region: str = REGION) -> str:
    body = {
        "code": code,
        "name": f"Кластер {code}",
        "region": region,
        "industry": (await api.get("cur_admin", "directory", "/v1/industries"))["items"][0]["code"],
        "cohort": 2022,
    }
    made = await api.post("cur_admin", "directory", "/v1/clusters", body, at=at)
    return str(made["id"])


async def coordinator_of(api: Api, region: str = REGION, day: int = 1) -> None:
    held = await api.get(
        "cur_admin", "directory", "/v1/appointments", region=region, office="coordinator"
    )
    if held["items"]:
        return
    person = await api.post("cur_admin", "directory", "/v1/people", {"full_name": "Анна Иванова"})
    body = {
        "region": region,
        "office": "coordinator",
        "person_id": person["id"],
        "valid_from": noon(day).date().isoformat(),
    }
    await api.post("cur_admin", "directory", "/v1/appointments", body, at=noon(day))


async def protocol_with(
    api: Api, items: list[tuple[str, str]], clusters: list[str], at: datetime
) -> dict[str, Any]:
    """An approved protocol with items (priority, due_on) for these clusters."""
    meeting = {
        "title": "Совещание",
        "series": "other",
        "starts_at": (at - timedelta(hours=2)).isoformat(),
        "duration_minutes": 60,
    }
    meeting = await api.post("secretary", "meetings", "/v1/meetings", meeting, at=at)
    await api.post("secretary", "meetings", f"/v1/meetings/{meeting['id']}/hold", at=at)
    body = {"meeting_id": meeting["id"]}
    protocol = await api.post("secretary", "meetings", "/v1/protocols", body, at=at)
    for priority, due_on in items:
        item = {
            "text": "Представить отчёт",
            "priority": priority,
            "due_on": due_on,
            "addressees": {"kind": "cluster", "clusters": clusters},
        }
        path = f"/v1/protocols/{protocol['id']}/items"
        await add_item(api, path, item, at)
    path = f"/v1/protocols/{protocol['id']}"
    return dict(await api.post_as_read("cur_admin", "meetings", path, "approve", at=at))


async def executions_of(api: Api, protocol_id: str, count: int) -> list[dict[str, Any]]:
    found = await eventually(
        lambda: api.get(
            "cur_controller", "assignments", "/v1/executions", protocol_id=protocol_id, limit=200
        ),
        lambda page: len(page["items"]) == count,
    )
    return list(found["items"])


async def one_each(
    api: Api, regions: Sequence[str], named: str, day: int, due_on: str
) -> dict[str, dict[str, Any]]:
    """An execution of each of the regions, given on that day of September, by region."""
    await reference(api)
    clusters = []
    for region in regions:
        await coordinator_of(api, region, day)
        clusters.append(await cluster_of(api, f"{named}-{region}", noon(day), region))
    protocol = await protocol_with(api, [("planned", due_on)], clusters, noon(day))
    found = await executions_of(api, protocol["id"], len(clusters))
    return {one["region"]: one for one in found}


async def hand_in(api: Api, execution: dict[str, Any], *commands: tuple[str, datetime]) -> None:
    """The way up to the named commands, each at its instant."""
    who = {
        "acknowledge": f"coordinator-{execution['region']}",
        "forward": f"coordinator-{execution['region']}",
        "start": f"cluster-{execution['cluster_id']}",
        "submit": f"cluster-{execution['cluster_id']}",
        "return": "cur_controller",
        "accept": "cur_controller",
    }
    bodies: dict[str, Any] = {"submit": REPORT, "return": RETURN}
    for command, at in commands:
        path = f"/v1/executions/{execution['id']}/{command}"
        await api.post(who[command], "assignments", path, bodies.get(command), at=at)


def way(at: datetime) -> list[tuple[str, datetime]]:
    return [
        (command, at + timedelta(minutes=n))
        for n, command in enumerate(("acknowledge", "start", "submit", "forward"))
    ]
