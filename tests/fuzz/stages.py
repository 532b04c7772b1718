"""Executions, meetings and protocols at each stage of their lives: much is possible only there."""

from typing import Any, Final

from services.assignments.service import reminders
from shared.db import transaction
from tests.fuzz.world import REGION, World

_REPORT: Final = {
    "text": "Сделано.",
    "evidence": [{"title": "Акт", "url": "https://cluster.example/act.pdf"}],
}
_LATER: Final = {"wanted": "2023-12-22", "reason": "Ждём подписи."}
_OF_CLUSTER: Final[tuple[tuple[str, str, Any], ...]] = (
    ("acknowledge", "coordinator", None),
    ("start", "cluster", None),
    ("submit", "cluster", _REPORT),
    ("forward", "coordinator", None),
    ("return", "cur_admin", {"reason": "Не приложен акт."}),
)
_OF_AUTHORITY: Final[tuple[tuple[str, str, Any], ...]] = (
    ("acknowledge", "authority_head", None),
    ("start", "authority_head", None),
    ("submit", "authority_head", _REPORT),
)


async def carry_out_in_part(world: World) -> None:
    """Executions of one cluster and of one authority, each a step further than the one before."""
    for kind, way in (("cluster", _OF_CLUSTER), ("authority", _OF_AUTHORITY)):
        for done in range(len(way) + 1):
            path = await _assign(world, kind, f"Довести до шага {done}.")
            for verb, by, body in way[:done]:
                await world.post("assignments", f"{path}/{verb}", body, by=by)
            if done in (1, 2):
                await world.post("assignments", f"{path}/extensions", _LATER, by=way[1][1])


async def remind(world: World) -> None:
    """What is overdue, due soon or not acknowledged is written to those whom it concerns."""
    now = world.clock.now()
    async with transaction(world.sessions["assignments"]) as session:
        due = await reminders.due_regions(session, now)
        await reminders.compose(session, due, now=now, sending=False)


async def _assign(world: World, kind: str, text: str) -> str:
    wanted = {
        "addressees": {"kind": kind, "regions": [REGION]},
        "priority": "important",
        "text": text,
        "due_on": "2023-12-15",
    }
    made = await world.post("assignments", "/v1/assignments", wanted)
    listed = f"/v1/executions?region={REGION}&assignment_id={made['id']}"
    found = (await world.ask("GET", "assignments", listed, by="cur_admin"))["items"]
    mine = [one for one in found if one["cluster_id"] in (None, world.clusters[0])]
    return f"/v1/executions/{mine[0]['id']}"


async def meet_in_part(world: World) -> None:
    """Meetings from a draft to one going on, a protocol that is written and one in review."""
    await _plan(world, "2023-11-15T10:00:00+03:00")
    await _plan(world, "2023-11-22T10:00:00+03:00", draft=True)
    await _plan(world, "2023-11-02T08:00:00+03:00")
    frozen = await _plan(world, "2023-11-08T10:00:00+03:00")
    await world.post("meetings", f"{frozen}/agenda/freeze", by="secretary")
    going_on = await _plan(world, "2023-11-02T09:00:00+03:00")
    await world.post("meetings", f"{going_on}/start", by="secretary")
    for is_reviewed in (True, False):
        held = await _plan(world, "2023-11-02T09:00:00+03:00")
        await world.post("meetings", f"{held}/hold", by="secretary")
        protocol = {"meeting_id": held.rsplit("/", 1)[-1]}
        protocol = await world.post("meetings", "/v1/protocols", protocol, by="secretary")
        path = f"/v1/protocols/{protocol['id']}"
        item = {
            "text": "Представить план набора.",
            "priority": "important",
            "due_on": "2023-12-15",
            "addressees": {"kind": "cluster", "regions": [REGION]},
        }
        await world.post("meetings", f"{path}/items", item, by="secretary")
        if is_reviewed:
            await _review(world, path)


async def _plan(world: World, starts_at: str, **more: Any) -> str:
    meeting = {
        "title": "Совещание",
        "series": "unified",
        "starts_at": starts_at,
        "duration_minutes": 60,
        **more,
    }
    meeting = await world.post("meetings", "/v1/meetings", meeting, by="secretary")
    path = f"/v1/meetings/{meeting['id']}"
    question = {"kind": "operational", "text": "О наборе"}
    await world.post("meetings", f"{path}/agenda-items", question, by="secretary")
    return path


async def _review(world: World, path: str) -> None:
    chain = {"approvers": [{"role": "operator"}, {"role": "cur_admin"}]}
    await world.ask("PUT", "meetings", f"{path}/approvers", chain, by="secretary")
    until = {"remarks_until": "2023-11-10T18:00:00+03:00"}
    await world.post("meetings", f"{path}/review", until, by="secretary")
    remark = {"text": "Просим перенести срок."}
    await world.post("meetings", f"{path}/remarks", remark, by="coordinator")
