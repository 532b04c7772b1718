"""A month of reminders through the real worker and a real mail server, with the worker killed.

What is expected was counted by hand on the calendar of October 2023.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import date, timedelta
from email import message_from_bytes, policy
from functools import partial
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.local.errors import StackError
from deploy.local.stack import Stack
from deploy.season.api import Api
from deploy.season.play import start_of
from tests.e2e.conftest import add_item, eventually
from tests.e2e.journey import REPORT, cluster_of, executions_of, reference
from tests.stack.test_stack import free_offset

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

FIRST, LAST = date(2023, 10, 4), date(2023, 10, 31)
KILLED_ON = {6, 12, 17, 20, 24}
SILENT, DONE, EXTENDED = "1/2023 п. 1", "1/2023 п. 2", "1/2023 п. 3"
# Day of October → what the coordinator's one message says, section by section.
COORDINATOR: dict[int, dict[str, set[str]]] = {
    5: {"Новые": {SILENT, DONE, EXTENDED}},
    6: {"Не приняты к сведению": {SILENT}},
    12: {"Прошла половина срока": {SILENT, EXTENDED}},
    # Tuesday: the rung of three days, and the digest.
    17: {"Скоро срок": {SILENT}, "К совещанию: на рассмотрении ЦУР": {DONE}},
    20: {"Срок сегодня": {SILENT}},
    23: {"Просрочено": {SILENT}},
    24: {"Скоро срок": {EXTENDED}, "К совещанию: просрочено": {SILENT}},
    27: {"Срок сегодня": {EXTENDED}},
    30: {"Просрочено": {EXTENDED}},
    31: {"К совещанию: просрочено": {SILENT, EXTENDED}},
}
HEAD: dict[int, dict[str, set[str]]] = {25: {"Просрочено": {SILENT}}}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("reminders"), free_offset())
    url = f"smtp://127.0.0.1:{stack.ports.mail}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(os.environ, "SMTP_URL", url)
        stack.up(clock_from=start_of(date(2023, 9, 1)))
        yield stack
        stack.reset()


@pytest.fixture(scope="module")
async def api(stack: Stack) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(timeout=60, trust_env=False) as http:
        yield Api(http, stack.urls)


@pytest.fixture(scope="module")
async def database(stack: Stack) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(stack.env("assignments")["DATABASE_URL"])
    yield connection
    await connection.close()


async def _office(api: Api, office: str) -> None:
    at = start_of(FIRST) + timedelta(hours=1)
    person = {"full_name": f"Анна {office}", "email": f"{office.replace('_', '-')}@example.org"}
    found = await api.post("cur_admin", "directory", "/v1/people", person, at=at)
    body = {
        "region": "16",
        "office": office,
        "person_id": found["id"],
        "valid_from": "2023-09-01",
    }
    await api.post("cur_admin", "directory", "/v1/appointments", body, at=at)


async def _protocol(api: Api, cluster: str) -> str:
    """Three items for one cluster, due on Friday 20 October."""
    at = start_of(FIRST) + timedelta(hours=12)
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
    path = f"/v1/protocols/{protocol['id']}"
    for text in ("Представить план", "Представить отчёт", "Закупить оборудование"):
        item = {
            "text": text,
            "priority": "planned",
            "due_on": "2023-10-20",
            "addressees": {"kind": "cluster", "regions": ["16"]},
        }
        await add_item(api, f"{path}/items", item, at)
    await eventually(
        lambda: api.get("secretary", "meetings", f"{path}/preview"),
        lambda preview: [item["executions"] for item in preview["items"]] == [1, 1, 1],
    )
    await api.post_as_read("cur_admin", "meetings", path, "approve", at=at)
    return str(protocol["id"])


async def _act(api: Api, day: int, ids: dict[str, str], cluster: str) -> None:
    """What people do at noon of the day."""
    at = start_of(date(2023, 10, day)) + timedelta(hours=12)
    coordinator, executor = "coordinator-16", f"cluster-{cluster}"
    asking = {"wanted": "2023-10-27", "reason": "Поставщик перенёс отгрузку."}
    script: dict[int, list[tuple[str, str, str, Any]]] = {
        5: [
            (coordinator, DONE, "acknowledge", None),
            (coordinator, EXTENDED, "acknowledge", None),
        ],
        11: [
            (executor, DONE, "start", None),
            (executor, DONE, "submit", REPORT),
            (coordinator, DONE, "forward", None),
        ],
        16: [
            (executor, EXTENDED, "extensions", asking),
            ("cur_controller", EXTENDED, "extensions/grant", {}),
        ],
        18: [("cur_controller", DONE, "accept", None)],
    }
    for who, which, command, body in script.get(day, []):
        path = f"/v1/executions/{ids[which]}/{command}"
        await api.post(who, "assignments", path, body, at=at)


async def test_exactly_the_expected_letters_arrive_each_once(
    stack: Stack, api: Api, database: asyncpg.Connection
) -> None:
    await reference(api)
    await _office(api, "coordinator")
    await _office(api, "authority_head")
    cluster = await cluster_of(api, "16-2022-01", start_of(FIRST) + timedelta(hours=1))
    protocol_id = await _protocol(api, cluster)
    executions = await executions_of(api, protocol_id, 3)
    ids = {row["assignment_number"]: row["id"] for row in executions}
    assert set(ids) == {SILENT, DONE, EXTENDED}
    await _offices_heard(database)

    day = FIRST
    while day <= LAST:
        await api.set_clock(start_of(day) + timedelta(hours=10))
        if day.day in KILLED_ON:
            with suppress(StackError, ProcessLookupError):  # it is just coming back
                stack.kill("assignments-worker")
        await eventually(partial(_settled, database, day), bool)
        await _act(api, day.day, ids, cluster)
        day += timedelta(days=1)

    found = _letters(stack)
    marks = [letter["mark"] for letter in found]
    assert len(set(marks)) == len(marks), "a letter came twice"
    for to, expected in (
        ("coordinator@example.org", COORDINATOR),
        ("authority-head@example.org", HEAD),
    ):
        mine = {letter["day"]: letter["says"] for letter in found if letter["to"] == to}
        assert mine == expected
    assert len(found) == len(COORDINATOR) + len(HEAD)


async def test_the_outbox_shows_them_and_sends_again_on_request(stack: Stack, api: Api) -> None:
    page = await api.get("cur_controller", "assignments", "/v1/notifications", region="16")
    assert {item["state"] for item in page["items"]} == {"sent"}
    assert len(page["items"]) == len(COORDINATOR) + len(HEAD)
    before = len(_letters(stack))

    path = f"/v1/notifications/{page['items'][0]['id']}/resend"
    await api.post("cur_controller", "assignments", path)

    await eventually(
        partial(asyncio.to_thread, _letters, stack), lambda now: len(now) == before + 1
    )


async def _offices_heard(database: asyncpg.Connection) -> None:
    async def heard() -> int:
        return int(await database.fetchval("select count(*) from tenures where region = '16'"))

    await eventually(heard, lambda count: count == 2)


async def _settled(database: asyncpg.Connection, day: date) -> bool:
    """Every region's day has been composed, and nothing waits to be sent."""
    seen = await database.fetchval("select count(*) from reminder_days where day = $1", day)
    waiting = await database.fetchval(
        "select count(*) from notifications where state = 'prepared' and channel = 'email'"
    )
    return bool(seen == 89 and waiting == 0)


def _letters(stack: Stack) -> list[dict[str, Any]]:
    found = []
    for path in sorted(stack.mail_dir.glob("[0-9]*.eml")):
        letter = message_from_bytes(path.read_bytes(), policy=policy.default)
        part = letter.get_body(("plain",))
        assert part is not None
        day = str(letter["Subject"]).split(" на ")[1][:2]
        found.append(
            {
                "to": str(letter["X-Envelope-To"]),
                "mark": str(letter["X-Notification-Id"]),
                "day": int(day),
                "says": _said(part.get_content()),
            }
        )
    return found


def _said(text: str) -> dict[str, set[str]]:
    """Section → the numbers it names."""
    sections: dict[str, set[str]] = {}
    current: set[str] = set()
    for line in text.splitlines():
        if line.endswith("):"):
            current = sections.setdefault(line.rsplit(" (", 1)[0], set())
        elif line.startswith("— "):
            current.add(line[2:].split(":", 1)[0])
    return sections
