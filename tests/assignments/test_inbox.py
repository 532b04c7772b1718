"""The inbox: what waits for whom, why, until when, and what to do next."""

from datetime import datetime
from typing import Any

from tests.assignments.stand import BODIES, HELPER, REPORT, Found, Stand, msk
from tests.conftest import NOW


async def _follow(stand: Stand, names: list[str], at: datetime) -> list[tuple[str, str]]:
    """Whoever has something waiting does what the inbox says, until nothing waits."""
    done: list[tuple[str, str]] = []
    bodies = {**BODIES, "submit": REPORT}
    for _ in range(60):
        for who in names:
            lines = (await stand.inbox(who, at))["items"]
            following = [line["next_action"] for line in lines if line["next_action"]]
            if following:
                path = following[0]["href"]
                name = path.split("/", 4)[4]
                await stand.post(who, path, bodies.get(name), at=at)
                done.append((who, following[0]["command"]))
                break
        else:
            return done
    raise AssertionError(done)


async def test_whoever_follows_the_inbox_brings_every_execution_to_its_end(stand: Stand) -> None:
    control = {"co_executors": [str(HELPER)]}
    lead, helper = await stand.of(await stand.issue(control=control))
    [authority] = await stand.of(await stand.issue(addressees={"kind": "authority"}))
    everyone = ["helper", "coordinator", "cluster", "authority", "controller"]
    # The lead starts only when its helper is done, so as not to end what still hangs on it.
    done = await _follow(stand, everyone, NOW)

    for one in (lead, authority):
        assert (await stand.read(one["id"]))["status"] == "accepted"
    assert (await stand.read(helper["id"]))["status"] in {"accepted", "withdrawn"}
    commands = {(who, command) for who, command in done}
    assert {
        ("coordinator", "acknowledge"),
        ("coordinator", "forward"),
        ("cluster", "start"),
        ("cluster", "submit"),
        ("authority", "acknowledge"),
        ("authority", "submit"),
        ("controller", "accept"),
    } <= commands
    for who in everyone:
        found = await stand.inbox(who)
        assert (found["total"], found["items"]) == (0, [])


async def test_the_inbox_says_why_until_when_and_what_next(stand: Stand) -> None:
    id_ = await stand.one(due_on="2023-10-20")

    async def line(who: str, at: datetime = NOW) -> tuple[Any, ...]:
        found = await stand.inbox(who, at)
        assert (found["total"], len(found["items"])) == (1, 1)
        [item] = found["items"]
        following = item["next_action"] and item["next_action"]["command"]
        return item["why"], item["until"], following, item["overdue"]

    new = ["Новое исполнение: примите к сведению"]
    assert await line("coordinator") == (new, "2023-10-03", "acknowledge", False)
    await stand.bring(id_, "acknowledged")
    wait = ["Поручение ждёт начала работы"]
    assert await line("cluster") == (wait, "2023-10-20", "start", False)
    await stand.bring(id_, "in_progress")
    assert await line("cluster") == (["Отчёт ещё не сдан"], "2023-10-20", "submit", False)
    late = msk("2023-10-21", "00:01")
    assert await line("cluster", late) == (["Отчёт ещё не сдан"], "2023-10-20", "submit", True)
    chase = ["Просрочено у кластера: поторопите"]
    assert await line("coordinator", late) == (chase, "2023-10-20", None, True)
    assert (await stand.inbox("coordinator", msk("2023-10-20", "23:59")))["items"] == []
    await stand.do("cluster", id_, "extensions", expect=201)
    asked = ["Просят продлить срок до 03.11.2023"]
    assert await line("controller") == (asked, "2023-10-05", "grant_extension", False)
    await stand.do("controller", id_, "extensions/grant")
    await stand.bring(id_, "submitted")
    check = ["Отчёт кластера ждёт вашей проверки"]
    assert await line("coordinator") == (check, "2023-11-03", "forward", False)
    await stand.bring(id_, "forwarded")
    decide = ["Отчёт ждёт решения ЦУР"]
    assert await line("controller") == (decide, "2023-10-05", "accept", False)
    assert await line("admin") == (decide, "2023-10-05", "accept", False)
    for who in ("elsewhere", "third", "authority"):
        assert (await stand.inbox(who))["items"] == []
    await stand.post("auditor", "/v1/inbox", method="GET", expect=(403, "permission_denied"))


async def test_days_of_rework_are_not_overdue_in_anyones_inbox(stand: Stand) -> None:
    id_ = await stand.one("forwarded", due_on="2023-10-20")
    # Returned on Friday the 20th: the days of rework end on Wednesday the 25th.
    await stand.do("controller", id_, "return", at=msk("2023-10-20"))
    during, after = msk("2023-10-25", "23:59"), msk("2023-10-26", "00:01")
    assert (await stand.inbox("coordinator", during))["items"] == []
    [item] = (await stand.inbox("cluster", during))["items"]
    assert (item["until"], item["overdue"]) == ("2023-10-25", False)
    [item] = (await stand.inbox("coordinator", after))["items"]
    assert (item["why"], item["overdue"]) == (["Просрочено у кластера: поторопите"], True)


async def test_pages_of_an_inbox_join(stand: Stand) -> None:
    ids = {await stand.one(due_on=f"2023-10-{day}") for day in (20, 18, 19, 18, 17)}
    seen: list[Found] = []
    path = "/v1/inbox?limit=2"
    while path:
        found = await stand.get(path, "coordinator")
        assert found["total"] == 5
        seen += found["items"]
        cursor = found["next_cursor"]
        path = f"/v1/inbox?limit=2&cursor={cursor}" if cursor else ""
    assert {one["execution_id"] for one in seen} == ids
    assert [one["due"] for one in seen] == sorted(one["due"] for one in seen)
    assert len(seen) == 5
