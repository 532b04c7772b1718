from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import (
    RULES,
    Command,
    ExecutorRole,
    Order,
    Party,
    Status,
)
from services.assignments.domain.timeline import Entry, title_of
from services.assignments.models import Absence, Execution, Tenure
from services.assignments.service import timeline
from services.assignments.service.changes import Changes, change, first_step
from services.assignments.service.parties import SYSTEM, SYSTEM_ONLY
from tests.assignments.register import OTHER, furnish, place
from tests.conftest import NOW, Headers, Tokens
from tests.factories import CLUSTER

REPORT: dict[str, Any] = {
    "text": "Исполнено.",
    "evidence": [{"kind": "link", "title": "Акт ввода", "url": "https://example.org/akt.pdf"}],
    "fields": {"workshops": 4, "ready": True},
}
FORM: list[dict[str, Any]] = [
    {"code": "workshops", "title": "Мастерских введено", "kind": "integer", "required": True},
    {"code": "ready", "title": "Готово", "kind": "boolean", "required": False},
]
POINTS = [{"number": number, "text": "пункт"} for number in (1, 2, 3)]


@pytest.fixture(autouse=True)
async def world(session: AsyncSession) -> None:
    await furnish(session)


@pytest.fixture
async def execution(session: AsyncSession) -> Execution:
    return await place(session, assignment={"points": POINTS, "form": FORM})


async def _read(
    client: httpx.AsyncClient, execution: Execution, headers: Headers
) -> list[dict[str, Any]]:
    response = await client.get(f"/v1/executions/{execution.id}/timeline", headers=headers)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def _play(
    client: httpx.AsyncClient,
    execution: Execution,
    way: list[tuple[Headers, str, Any]],
) -> list[dict[str, Any]]:
    """Give the commands an hour apart; what each answered."""
    answers = []
    for hour, (who, command, body) in enumerate(way):
        headers = {**who, "X-Simulated-Now": (NOW + timedelta(hours=hour)).isoformat()}
        address = f"/v1/executions/{execution.id}/{command}"
        response = await client.post(address, headers=headers, json=body)
        assert response.status_code in (200, 201), response.text
        answers.append(response.json())
    return answers


async def test_a_whole_way_is_told_in_sentences_each_thing_once(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, execution: Execution
) -> None:
    session.add(first_step(execution, now=NOW - timedelta(hours=1)))
    await session.flush()
    coordinator = token("coordinator", regions=["16"])
    cluster = token("cluster", clusters=[str(CLUSTER)])
    controller = token("cur_controller")
    await _play(
        client,
        execution,
        [
            (coordinator, "delegate", {"internal_due": "2023-10-18", "text": "До среды."}),
            (cluster, "start", None),
            (cluster, "extensions", {"wanted": "2023-10-27", "reason": "Поставка."}),
            (controller, "extensions/grant", {"text": "Согласовано."}),
            (cluster, "extensions", {"wanted": "2023-11-03", "reason": "Ещё."}),
            (controller, "extensions/refuse", {"reason": "Нет."}),
            (controller, "redate", {"due": "2023-10-26", "reason": "Решение комитета."}),
            (cluster, "submit", REPORT),
            (coordinator, "pre-check", {"text": "На месте."}),
            (coordinator, "return", {"reason": "Нет подписи."}),
            (cluster, "start", None),
            (cluster, "submit", REPORT),
            (coordinator, "forward", None),
            (controller, "accept-part", {"points": [1, 2], "reason": "Нет акта."}),
            (cluster, "start", None),
            (cluster, "submit", REPORT),
            (coordinator, "forward", None),
            (controller, "accept", None),
        ],
    )

    items = await _read(client, execution, cluster)

    assert [item["title"] for item in items] == [
        "Исполнение выдано, срок — 20.10.2023.",
        "Координатор региона передал исполнение кластеру с внутренним сроком 18.10.2023.",
        "Исполнитель начал работу.",
        "Исполнитель попросил продлить срок с 20.10.2023 до 27.10.2023.",
        "Контролёр ЦУР продлил срок с 20.10.2023 до 27.10.2023.",
        "Исполнитель попросил продлить срок с 27.10.2023 до 03.11.2023.",
        "Контролёр ЦУР отказал в продлении срока.",
        "Контролёр ЦУР перенёс срок с 27.10.2023 на 26.10.2023.",
        "Исполнитель сдал отчёт.",
        "Координатор региона проверил отчёт и оставил замечание.",
        "Координатор региона вернул отчёт на доработку.",
        "Исполнитель начал работу.",
        "Исполнитель сдал отчёт.",
        "Координатор региона передал отчёт в ЦУР.",
        "Контролёр ЦУР снял с контроля пункты 1, 2; на контроле: 3.",
        "Исполнитель начал работу.",
        "Исполнитель сдал отчёт.",
        "Координатор региона передал отчёт в ЦУР.",
        "Контролёр ЦУР принял исполнение.",
    ]
    kinds = [item["kind"] for item in items[:5]]
    assert kinds == ["issue", "delegate", "start", "request_extension", "grant_extension"]
    assert [item["text"] for item in items[3:5]] == ["Поставка.", "Согласовано."]
    report = items[8]
    assert (report["text"], report["evidence"]) == ("Исполнено.", ["Акт ввода"])
    assert report["notes"] == ["Мастерских введено: 4", "Готово: да"]
    assert report["by"] == {
        "party": "addressee",
        "name": "Исполнитель",
        "deputy": False,
        "subject": None,
    }
    instants = [item["at"] for item in items]
    assert instants == sorted(instants)


async def test_people_are_shown_to_the_centre_and_the_auditor_only(
    client: httpx.AsyncClient, token: Tokens, execution: Execution
) -> None:
    coordinator = token("coordinator", regions=["16"], sub="ivanov")
    await _play(client, execution, [(coordinator, "acknowledge", None)])

    for role in ("cur_admin", "cur_controller", "auditor"):
        [item] = await _read(client, execution, token(role))
        assert item["by"]["subject"] == "ivanov"
    for headers in (coordinator, token("secretary"), token("operator"), token("platform")):
        [item] = await _read(client, execution, headers)
        assert item["by"]["subject"] is None
        assert "ivanov" not in str(item)


async def test_a_deputy_is_called_a_deputy(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, execution: Execution
) -> None:
    tenure = Tenure(
        appointment_id=uuid4(),
        region="16",
        office="coordinator",
        person_id=uuid4(),
        valid_from=date(2023, 1, 1),
        version=1,
    )
    absence = Absence(
        id=uuid4(),
        region="16",
        away_from=date(2023, 10, 1),
        away_to=date(2023, 10, 9),
        reason="Отпуск",
        created_by="x",
        created_at=NOW,
    )
    session.add_all([tenure, absence])
    await session.flush()
    await _play(client, execution, [(token("deputy", regions=["16"]), "acknowledge", None)])

    [item] = await _read(client, execution, token("auditor"))

    assert item["title"] == "Заместитель координатора региона принял исполнение к сведению."
    assert (item["by"]["name"], item["by"]["deputy"]) == ("Заместитель координатора региона", True)


async def test_subtasks_are_part_of_the_story(
    client: httpx.AsyncClient, token: Tokens, execution: Execution
) -> None:
    coordinator = token("coordinator", regions=["16"], sub="c")
    cluster = token("cluster", clusters=[str(CLUSTER)], sub="a")
    task = {"text": "Прислать черновик.", "due": "2023-10-13"}
    given = await _play(
        client, execution, [(coordinator, "subtasks", task), (coordinator, "subtasks", task)]
    )
    for hour, who, verb, one, body in (
        (2, cluster, "complete", given[0], {"text": "Отправлен."}),
        (3, coordinator, "cancel", given[1], None),
    ):
        headers = {**who, "X-Simulated-Now": (NOW + timedelta(hours=hour)).isoformat()}
        address = f"/v1/executions/{execution.id}/subtasks/{one['id']}/{verb}"
        assert (await client.post(address, headers=headers, json=body)).status_code == 200

    items = await _read(client, execution, token("auditor"))

    assert [(item["kind"], item["title"], item["text"]) for item in items] == [
        (
            "subtask_given",
            "Координатор региона дал кластеру подзадачу со сроком 13.10.2023.",
            "Прислать черновик.",
        ),
        (
            "subtask_given",
            "Координатор региона дал кластеру подзадачу со сроком 13.10.2023.",
            "Прислать черновик.",
        ),
        ("subtask_done", "Исполнитель закрыл подзадачу координатора.", "Отправлен."),
        ("subtask_cancelled", "Координатор региона снял подзадачу.", "Прислать черновик."),
    ]
    assert [item["by"]["subject"] for item in items] == ["c", "c", "a", None]


async def test_what_happens_by_itself_and_beside_is_told(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, execution: Execution
) -> None:
    changes = Changes()
    row = await session.merge(execution)
    for hour, command in enumerate((Command.REROUTE, Command.EXPIRE)):
        at = NOW + timedelta(hours=hour)
        change(row, Order(command), SYSTEM_ONLY, changes, actor=SYSTEM, now=at)
    await changes.save(session)
    helper = await place(
        session,
        region="77",
        cluster_id=OTHER,
        role=ExecutorRole.CO,
        lead_id=execution.id,
        lead_cluster_id=CLUSTER,
    )
    session.add(first_step(helper, now=NOW + timedelta(hours=2)))
    await session.flush()

    items = await _read(client, execution, token("cluster", clusters=[str(CLUSTER)]))

    assert [(item["kind"], item["title"], item["by"]["party"]) for item in items] == [
        ("reroute", "Исполнение передано новому координатору региона.", "system"),
        (
            "expire",
            "День срока кончился, отчёт не сдан: исполнение просрочено.",
            "system",
        ),
        (
            "co_executor_added",
            "Добавлен соисполнитель: Кластер «Лёгкая промышленность».",
            "controller",
        ),
    ]


async def test_a_request_that_lapsed_is_told_once(
    client: httpx.AsyncClient, token: Tokens, execution: Execution
) -> None:
    cluster = token("cluster", clusters=[str(CLUSTER)])
    await _play(
        client,
        execution,
        [
            (cluster, "extensions", {"wanted": "2023-10-27", "reason": "Поставка."}),
            (token("cur_controller"), "withdraw", {"reason": "Не нужно."}),
        ],
    )

    items = await _read(client, execution, cluster)

    assert [item["title"] for item in items] == [
        "Исполнитель попросил продлить срок с 20.10.2023 до 27.10.2023.",
        "Контролёр ЦУР отозвал исполнение.",
        "Просьба о продлении до 27.10.2023 снята: исполнение закончено.",
    ]


async def test_a_late_request_and_its_control_date_say_so() -> None:
    asked = {"due": "2023-10-20", "wanted": "2023-10-27", "in_time": False}
    granted = {"due": "2023-10-20", "granted": "2023-10-27", "in_time": False}
    due0 = date(2023, 10, 20)
    assert title_of(Command.REQUEST_EXTENSION, Party.ADDRESSEE, asked, due0=due0).endswith(
        "до 27.10.2023 (просьба подана после срока)."
    )
    assert title_of(Command.GRANT_EXTENSION, Party.CONTROLLER, granted, due0=due0) == (
        "Контролёр ЦУР назначил контрольный срок 27.10.2023; срок 20.10.2023 остался прежним,"
        " потому что просьба была поздней."
    )


@pytest.mark.parametrize(
    ("command", "party"),
    sorted(
        {
            (command, party)
            for rules in RULES.values()
            for (_, command), rule in rules.items()
            for party in rule.by
        }
    ),
)
def test_every_command_by_everyone_who_may_give_it_is_a_russian_sentence(
    command: Command, party: Party
) -> None:
    details = dict.fromkeys(("due", "wanted", "granted", "before", "internal_due"), "2023-10-20")
    title = title_of(
        command, party, {**details, "points": [1], "left": [2]}, due0=date(2023, 10, 1)
    )
    assert title.endswith(".")
    assert title[0].isupper()
    assert command.value not in title


async def test_a_foreign_execution_has_no_timeline(
    client: httpx.AsyncClient, token: Tokens, execution: Execution
) -> None:
    response = await client.get(
        f"/v1/executions/{execution.id}/timeline", headers=token("coordinator", regions=["77"])
    )
    assert (response.status_code, response.json()["code"]) == (404, "execution_not_found")


async def test_another_source_joins_in_by_time(
    client: httpx.AsyncClient,
    token: Tokens,
    execution: Execution,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The seam for reminders and files."""

    async def reminders(_: AsyncSession, of: Execution) -> list[Entry]:
        assert of.status is Status.ACKNOWLEDGED
        at = NOW - timedelta(days=1)
        return [Entry(at, "reminded", "Отправлено напоминание.", Party.SYSTEM)]

    monkeypatch.setattr(timeline, "SOURCES", (*timeline.SOURCES, reminders))
    coordinator = token("coordinator", regions=["16"])
    await _play(client, execution, [(coordinator, "acknowledge", None)])

    kinds = [item["kind"] for item in await _read(client, execution, coordinator)]

    assert kinds == ["reminded", "acknowledge"]
