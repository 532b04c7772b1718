"""What the world has been through before it is fuzzed: September and October 2023, in small."""

from typing import Any, Final
from uuid import UUID

from services.rating.service import slices
from services.rating.service.standings import score
from shared import dead_letters
from shared.db import transaction
from shared.envelopes import Message
from shared.events.directory import RegionRegistered
from tests.fuzz.stages import carry_out_in_part, meet_in_part, remind
from tests.fuzz.world import INDUSTRY, REGION, World

ASSOCIATION: Final = f"/v1/associations/{INDUSTRY}"
_ITEM: Final[dict[str, Any]] = {
    "text": "Представить план загрузки мастерских.",
    "priority": "important",
    "due_on": "2023-10-20",
    "addressees": {"kind": "cluster"},
}


async def tell(world: World) -> None:
    """Make at least one of whatever the services know."""
    world.at("2023-09-01T06:00:00+00:00")
    await _enter_directory(world)
    await _found_association(world)
    await _open_channels(world)
    await world.carry("directory")
    world.at("2023-10-04T06:00:00+00:00")
    await _meet(world)
    world.at("2023-10-04T12:00:00+00:00")
    await world.carry("meetings")
    await _carry_out(world)
    await carry_out_in_part(world)
    world.at("2023-11-02T06:00:00+00:00")
    await world.carry("directory", "meetings", "assignments")
    await remind(world)
    await _rate(world)
    await meet_in_part(world)
    await world.carry("rating")
    for service in world.sessions:
        await _put_aside(world, service)


async def _enter_directory(world: World) -> None:
    await world.post("directory", "/v1/reference-data/load")
    await world.post("meetings", "/v1/series/load", by="secretary")
    await world.post("meetings", "/v1/examples/load")
    for number, (region, industry) in enumerate(
        [(REGION, INDUSTRY), (REGION, INDUSTRY), ("63", INDUSTRY), ("77", "mechanical-engineering")]
    ):
        body = {
            "code": f"{region}-2022-{number}",
            "name": f"Кластер № {number}",
            "region": region,
            "industry": industry,
            "cohort": 2022 + number % 2,
        }
        world.clusters.append((await world.post("directory", "/v1/clusters", body))["id"])
    for office in ("coordinator", "deputy", "authority_head"):
        body = {
            "region": REGION,
            "office": office,
            "person_id": await _person(world, office),
            "valid_from": "2023-09-01",
        }
        await world.post("directory", "/v1/appointments", body)
    college = await world.post(
        "directory",
        "/v1/organisations",
        {
            "code": "kzn-1",
            "name": "Казанский колледж",
            "kind": "college",
            "level": "operational",
            "region": REGION,
        },
    )
    relation = {
        "kind": "core_college",
        "organisation_id": college["id"],
        "cluster_id": world.clusters[0],
        "valid_from": "2023-09-01",
    }
    await world.post("directory", "/v1/relations", relation)
    letter = {"due_on": "2023-09-20", "letter": "Письмо № 05-1234 от 01.09.2023"}
    await world.post("directory", "/v1/appointment-requests", letter)
    listed = "код;название;регион;отрасль;год\n16-2024-09;Новый кластер;16;metallurgy;2024\n"
    files = {"file": ("list.csv", listed.encode(), "text/csv")}
    await world.ask(
        "POST", "directory", "/v1/imports", by="cur_admin", files=files, data={"kind": "clusters"}
    )


async def _person(world: World, name: str) -> str:
    body = {"full_name": f"Анна {name}", "email": f"{name.replace('_', '-')}@example.org"}
    return str((await world.post("directory", "/v1/people", body))["id"])


async def _found_association(world: World) -> None:
    await world.post("directory", "/v1/expansions", {"cohort": 2022, "valid_from": "2023-09-01"})
    since = {"valid_from": "2023-09-01"}
    chair = {"kind": "chair", "person_id": await _person(world, "chair"), **since}
    await world.post("directory", f"{ASSOCIATION}/mandates", chair)
    direction = await world.post(
        "directory", f"{ASSOCIATION}/directions", {"name": "Программы", **since}
    )
    group = {
        "direction_id": direction["id"],
        "name": "Рабочая группа",
        "lead_id": await _person(world, "lead"),
        "members": [await _person(world, "member")],
        **since,
        "valid_to": "2024-06-30",
    }
    group = await world.post("directory", f"{ASSOCIATION}/groups", group)
    roadmap = await world.ask("GET", "directory", f"{ASSOCIATION}/roadmaps/2023", by="cur_admin")
    report = {"milestone_id": roadmap["items"][0]["id"], "summary": "Согласовано."}
    await world.post("directory", f"{ASSOCIATION}/groups/{group['id']}/reports", report)
    held = {
        "kind": "event",
        "title": "Неделя отрасли",
        "starts_on": "2023-09-01",
        "ends_on": "2023-09-01",
        "participants": 10,
        "audience": 100,
    }
    await world.post("directory", f"{ASSOCIATION}/activities", held)
    practice = {
        "cluster_id": world.clusters[0],
        "title": "Комплекс на заводе",
        "description": "Практика с первого курса.",
    }
    await world.post("directory", f"{ASSOCIATION}/practices", practice, by="cluster")
    mentoring = {
        "from_cluster_id": world.clusters[0],
        "to_cluster_id": world.clusters[2],
        "topic": "Запуск комплекса",
        "started_on": "2023-09-01",
    }
    await world.post("directory", f"{ASSOCIATION}/mentorships", mentoring)
    await world.post("directory", f"{ASSOCIATION}/reports/2023/assemble")


async def _open_channels(world: World) -> None:
    channel = {"kind": "unified", "name": "Координаторы", "valid_from": "2023-09-01"}
    channel = await world.post("directory", "/v1/channels", channel)
    path = f"/v1/channels/{channel['id']}"
    target = {"label": "Чат", "url": "tgram://123456789:abcdefg_hijklmnop/-1001"}
    await world.post("directory", f"{path}/targets", target)
    await world.post("directory", f"{path}/posts", {"title": "Среда", "text": "Совещание в 10."})


async def _meet(world: World) -> None:
    """One meeting with its protocol approved, and one whose protocol is still written."""
    for is_approved in (True, False):
        meeting = {
            "title": "Совещание",
            "series": "other",
            "starts_at": "2023-10-04T10:00:00+03:00",
            "duration_minutes": 60,
        }
        meeting = await world.post("meetings", "/v1/meetings", meeting, by="secretary")
        path = f"/v1/meetings/{meeting['id']}"
        question = {"kind": "operational", "text": "О загрузке мастерских"}
        await world.post("meetings", f"{path}/agenda-items", question, by="secretary")
        world.at("2023-10-04T09:00:00+00:00")
        await world.post("meetings", f"{path}/hold", by="secretary")
        protocol = {"meeting_id": meeting["id"]}
        protocol = await world.post("meetings", "/v1/protocols", protocol, by="secretary")
        path = f"/v1/protocols/{protocol['id']}"
        await world.post("meetings", f"{path}/items", _ITEM, by="secretary")
        if is_approved:
            read = await world.ask("GET", "meetings", path, by="cur_admin")
            approve, version = f"{path}/approve", read["version"]
            await world.ask("POST", "meetings", approve, by="cur_admin", version=version)
    listed = {
        "file": (
            "list.csv",
            "Имя участника;Вход;Минут\nАнна;04.10.2023 09:58:00;60\n".encode(),
            "text/csv",
        )
    }
    await world.ask(
        "POST",
        "meetings",
        f"/v1/meetings/{meeting['id']}/attendance/imports",
        by="secretary",
        files=listed,
    )
    feed = {"kind": "region", "region": REGION}
    await world.post("meetings", "/v1/calendar-feeds", feed)


async def _carry_out(world: World) -> None:
    """One execution goes its whole way, another asks for time, the others wait."""
    found = await world.ask(
        "GET", "assignments", f"/v1/executions?cluster_id={world.clusters[0]}", by="cur_admin"
    )
    one = f"/v1/executions/{found['items'][0]['id']}"
    await world.post("assignments", f"{one}/acknowledge", by="coordinator")
    await world.post("assignments", f"{one}/start", by="cluster")
    subtask = {"text": "Собрать сведения", "due": "2023-10-10"}
    await world.post("assignments", f"{one}/subtasks", subtask, by="coordinator")
    wanted = {"wanted": "2023-10-27", "reason": "Ждём подписи."}
    await world.post("assignments", f"{one}/extensions", wanted, by="cluster")
    files = {"file": ("akt.pdf", b"%PDF-1.7\n%%EOF", "application/pdf")}
    await world.ask("POST", "assignments", f"{one}/files", by="cluster", files=files)
    view = {"name": "Просрочено", "filter": {"overdue": True}, "sort": "due"}
    for by in ("cur_admin", "coordinator"):
        await world.post("assignments", "/v1/views", view, by=by)
    away = {
        "region": REGION,
        "away_from": "2023-10-09",
        "away_to": "2023-10-20",
        "reason": "Отпуск",
    }
    await world.post("assignments", "/v1/absences", away, by="coordinator")
    own = {
        "addressees": {"kind": "cluster", "regions": [REGION]},
        "priority": "planned",
        "text": "Прислать контакты ответственных за набор.",
    }
    once = {"due_on": "2023-10-20", "control": {"points": ["Контакты", "График"]}}
    monthly = {"control": {"rule": "FREQ=MONTHLY;BYMONTHDAY=5"}}
    for control in (once, monthly):
        await world.post("assignments", "/v1/assignments", own | control)


async def _rate(world: World) -> None:
    found = await world.ask(
        "GET", "assignments", f"/v1/executions?region={REGION}&limit=50", by="cur_admin"
    )
    rated = [one["id"] for one in found["items"] if one["protocol_id"] and one["cluster_id"]]
    appeal = {
        "execution_id": rated[0],
        "contested": "addressee",
        "text": "Кластер реорганизован до выдачи поручения.",
        "period": "2023-10",
    }
    await world.post("rating", "/v1/appeals", appeal, by="coordinator")
    async with transaction(world.sessions["rating"]) as session:
        await score(session, world.clock.now())
    async with transaction(world.sessions["rating"]) as session:
        await slices.advance(session, world.clock.now())
    async with transaction(world.sessions["rating"]) as session:
        await score(session, world.clock.now())
    hook = {"url": "https://127.0.0.1/hooks", "event_types": ["rating.slice.frozen.v1"]}
    await world.post("rating", "/v1/subscriptions", hook, by="platform")
    await world.post("rating", "/v1/reconciliations", {"rebuild": False})
    whole = await world.ask("GET", "rating", "/v1/ratings/regions", by="cur_admin")
    world.board.show(whole, whole.pop("items"), 1)


async def _put_aside(world: World, service: str) -> None:
    """A message nobody could read."""
    message = Message("directory.regions", 0, RegionRegistered.type, str(UUID(int=1)), 1, b"{}")
    async with transaction(world.sessions[service]) as session:
        await dead_letters.keep(session, message, "no such field")
