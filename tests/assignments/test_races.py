"""Many at once, over real connections: one wins, nothing is lost, nothing hangs."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlmodel import col, select

from services.assignments.domain.executions import ExecutorRole, Party, Status
from services.assignments.domain.extensions import ExtensionStatus
from services.assignments.models import (
    Assignment,
    ControlPolicy,
    Execution,
    ExecutionStep,
    Extension,
)
from services.assignments.service import issuing, recurrences
from shared.clients.base import ServiceClient
from shared.db import Sessions, transaction
from shared.events.assignments import ExecutionEvent
from shared.tables import OutboxRecord
from tests.assignments.directory import Clusters
from tests.conftest import NOW, Headers, Tokens
from tests.factories import CLUSTER, make_addressee, make_assignment, make_execution

REASON = {"reason": "Так решено."}
EXTENSION = {"wanted": "2023-11-03", "reason": "Поставщик опаздывает."}


async def _store(sessions: Sessions, *rows: Any) -> None:
    async with transaction(sessions) as session:
        for row in rows:
            session.add(row)
            await session.flush()


async def _executions(sessions: Sessions, count: int, **facts: Any) -> list[Execution]:
    assignment = make_assignment(executions=count)
    rows = [make_execution(assignment, cluster_id=uuid4(), **facts) for _ in range(count)]
    await _store(sessions, assignment, *rows)
    return rows


def _asked(execution: Execution) -> Extension:
    return Extension(
        id=uuid4(),
        execution_id=execution.id,
        status=ExtensionStatus.OPEN,
        party=Party.ADDRESSEE,
        asked_by="cluster",
        asked_at=NOW,
        due=execution.due,
        wanted=date(2023, 11, 3),
        reason="Поставщик опаздывает.",
        in_time=True,
    )


async def _check_histories(sessions: Sessions, born: int = 2) -> dict[UUID, Execution]:
    """Every version after the one stored is one step and one event, and the last is the row."""
    async with sessions() as session:
        rows = {row.id: row for row in (await session.exec(select(Execution))).all()}
        steps = (
            await session.exec(select(ExecutionStep.execution_id, ExecutionStep.version))
        ).all()
        statement = (
            select(OutboxRecord.key, OutboxRecord.data)
            .where(col(OutboxRecord.topic) == ExecutionEvent.topic)
            .order_by(col(OutboxRecord.position))
        )
        events: dict[UUID, list[ExecutionEvent]] = {}
        for key, data in (await session.exec(statement)).all():
            events.setdefault(UUID(key), []).append(ExecutionEvent.model_validate_json(data))
    assert Counter(id_ for id_, _ in steps) == Counter(
        {id_: row.version - born for id_, row in rows.items() if row.version > born}
    )
    for id_, row in rows.items():
        told = events.get(id_, [])
        assert [event.version for event in told] == list(range(born + 1, row.version + 1))
        if told:
            assert told[-1].model_dump(exclude={"execution_id"}) == row.model_dump(
                include=set(ExecutionEvent.model_fields) - {"execution_id"}
            )
    return rows


async def test_of_opposite_commands_one_wins_and_the_others_learn_what_it_made(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens
) -> None:
    successor = make_assignment()
    await _store(sessions, successor)
    superseding = {"by": str(successor.id), **REASON}
    dates = [{"due": f"2023-11-0{day}", **REASON} for day in (1, 2)]
    working = {"status": Status.IN_PROGRESS}
    # Where it stands, the two commands that exclude each other, and the refusal of the loser.
    rivals: list[tuple[dict[str, Any], list[tuple[str, Any]], int]] = [
        ({"status": Status.FORWARDED}, [("accept", None), ("return", REASON)], 409),
        ({"status": Status.FORWARDED}, [("accept", None), ("withdraw", REASON)], 409),
        (working, [("extensions/grant", {}), ("extensions/refuse", REASON)], 409),
        (working, [("redate", dates[0]), ("redate", dates[1])], 412),
        (working, [("supersede", superseding), ("withdraw", REASON)], 409),
    ]
    calls = []
    refused_with = {}
    for facts, commands, refusal in rivals:
        for execution in await _executions(sessions, 10, **facts):
            if commands[0][0].startswith("extensions"):
                await _store(sessions, _asked(execution))
            refused_with[execution.id] = refusal
            for sub in ("one", "two"):
                headers = token("cur_controller", sub=sub)
                if refusal == 412:
                    headers = {**headers, "If-Match": '"v2"'}
                calls += [(execution.id, command, body, headers) for command, body in commands]
    random.Random(20).shuffle(calls)
    assert len(calls) == 200

    async def call(id_: UUID, command: str, body: Any, headers: Headers) -> Any:
        path = f"/v1/executions/{id_}/{command}"
        return id_, await api.post(path, headers=headers, json=body)

    answers: dict[UUID, list[httpx.Response]] = {}
    for id_, answer in await asyncio.gather(*(call(*one) for one in calls)):
        answers.setdefault(id_, []).append(answer)

    rows = await _check_histories(sessions)
    assert len(answers) == len(rows) == 50
    for id_, given in answers.items():
        won = [answer.json() for answer in given if answer.status_code == 200]
        assert len(won) == 1, [answer.text for answer in given]
        standing = {"state": rows[id_].status.value, "version": rows[id_].version}
        assert (won[0]["status"], won[0]["version"]) == tuple(standing.values())
        lost = [answer for answer in given if answer.status_code != 200]
        assert {answer.status_code for answer in lost} == {refused_with[id_]}
        assert all(answer.json()["current"] == standing for answer in lost)


async def test_no_command_waits_for_reminders_that_are_being_composed(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens
) -> None:
    """They refer to many executions; waiting for them both ways round was a deadlock."""
    executions = await _executions(sessions, 2, status=Status.FORWARDED, done=date(2023, 10, 9))
    ids = [execution.id for execution in executions]
    referring = select(Execution.id).where(col(Execution.id).in_(ids))
    async with transaction(sessions) as composing, asyncio.timeout(4):
        # What the database does for every line that refers to an execution.
        found = await composing.exec(referring.with_for_update(read=True, key_share=True))
        assert len(found.all()) == 2
        answers = [
            await api.post(f"/v1/executions/{id_}/{command}", headers=headers, json=body)
            for id_, command, body, headers in (
                (ids[0], "accept", None, token("cur_controller")),
                (ids[1], "return", REASON, token("cur_controller")),
            )
        ]
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text


async def test_of_many_changes_of_one_execution_none_is_lost(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens
) -> None:
    [execution] = await _executions(sessions, 1, status=Status.IN_PROGRESS)
    days = [date(2023, 11, 7) + timedelta(days=number) for number in range(60)]

    async def redate(day: date) -> httpx.Response:
        return await api.post(
            f"/v1/executions/{execution.id}/redate",
            headers=token("cur_controller"),
            json={"due": day.isoformat(), **REASON},
        )

    answers = await asyncio.gather(*(redate(day) for day in days))

    # Two that name the same working day in a row: the second has nothing to change.
    made = [answer.json()["version"] for answer in answers if answer.status_code == 200]
    assert {answer.status_code for answer in answers} <= {200, 422}
    assert sorted(made) == list(range(3, 3 + len(made)))
    assert len(made) > 30
    rows = await _check_histories(sessions)
    last = max(
        (a.json() for a in answers if a.status_code == 200), key=lambda read: read["version"]
    )
    assert rows[execution.id].due == date.fromisoformat(last["due"])


async def test_superseding_one_loses_no_update(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens
) -> None:
    successor = make_assignment()
    await _store(sessions, successor)
    rows = await _executions(sessions, 30, status=Status.IN_PROGRESS)
    controller = token("cur_controller")

    async def both(id_: UUID) -> list[int]:
        answers = await asyncio.gather(
            *(
                api.post(f"/v1/executions/{id_}/{command}", headers=controller, json=body)
                for command, body in (
                    ("redate", {"due": "2023-11-03", **REASON}),
                    ("supersede", {"by": str(successor.id), **REASON}),
                )
            )
        )
        return [answer.status_code for answer in answers]

    found = await asyncio.gather(*(both(row.id) for row in rows))

    assert {tuple(codes) for codes in found} <= {(200, 200), (409, 200)}
    for row in (await _check_histories(sessions)).values():
        assert row.status is Status.SUPERSEDED


async def _bulk(
    api: httpx.AsyncClient, headers: Headers, command: str, ids: Sequence[UUID], **says: Any
) -> dict[str, Any]:
    items = [{"execution_id": str(id_)} for id_ in ids]
    random.Random(command).shuffle(items)
    body = {"command": command, "items": items, **says}
    answer = await api.post("/v1/executions/bulk", headers=headers, json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_opposite_bulk_commands_in_any_order_do_not_deadlock_and_add_up(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens
) -> None:
    rows = await _executions(sessions, 500, status=Status.FORWARDED)
    ids = [row.id for row in rows]
    one, two = (token("cur_controller", sub=sub) for sub in ("one", "two"))

    accepted, returned = await asyncio.gather(
        _bulk(api, one, "accept", ids), _bulk(api, two, "return", ids, **REASON)
    )

    assert accepted["done"] + returned["done"] == 500
    assert accepted["refused"] + returned["refused"] == 500
    won = {item["execution_id"] for item in accepted["items"] if item["done"]}
    assert won.isdisjoint(item["execution_id"] for item in returned["items"] if item["done"])
    statuses = Counter(row.status for row in (await _check_histories(sessions)).values())
    assert statuses[Status.ACCEPTED] == accepted["done"]
    assert statuses[Status.RETURNED] == returned["done"]


async def test_what_ends_leads_and_what_redates_co_executors_do_not_deadlock(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens
) -> None:
    controllers = [token("cur_controller", sub=sub) for sub in ("one", "two")]
    for _ in range(8):
        leads = await _executions(sessions, 20, status=Status.IN_PROGRESS)
        helpers = [
            Execution(
                **{
                    **lead.model_dump(exclude={"id"}),
                    "id": uuid4(),
                    "role": ExecutorRole.CO,
                    "lead_id": lead.id,
                    "lead_cluster_id": lead.cluster_id,
                    "cluster_id": uuid4(),
                }
            )
            for lead in leads
        ]
        await _store(sessions, *helpers)
        everyone = [row.id for row in (*leads, *helpers)]

        found = await asyncio.gather(
            _bulk(api, controllers[0], "withdraw", [row.id for row in leads], **REASON),
            _bulk(api, controllers[1], "redate", everyone, on="2023-11-03", **REASON),
        )

        assert found[0]["done"] == 20
    for row in (await _check_histories(sessions)).values():
        assert row.status is Status.WITHDRAWN


async def test_a_whole_assignment_ends_while_co_executors_join_it(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens, clusters: Clusters
) -> None:
    helper = make_addressee(region="77")
    clusters.addressees = [helper]
    controller = token("cur_controller")
    for _ in range(12):
        [lead] = await _executions(sessions, 1, status=Status.IN_PROGRESS)

        withdrawn, joined = await asyncio.gather(
            api.post(
                f"/v1/assignments/{lead.assignment_id}/withdraw", headers=controller, json=REASON
            ),
            api.post(
                f"/v1/executions/{lead.id}/co-executors",
                headers=controller,
                json={"cluster_ids": [str(helper.cluster_id)]},
            ),
        )

        assert withdrawn.status_code == 200, withdrawn.text
        assert joined.status_code in {201, 409}, joined.text
    async with sessions() as session:
        rows = (await session.exec(select(Execution))).all()
    assert {row.status for row in rows} == {Status.WITHDRAWN}


async def test_two_assignments_cannot_supersede_each_other(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens
) -> None:
    controller = token("cur_controller")
    for _ in range(12):
        pair = [make_assignment(), make_assignment()]
        await _store(sessions, *pair)

        async def supersede(one: Assignment, by: Assignment) -> int:
            answer = await api.post(
                f"/v1/assignments/{one.id}/supersede",
                headers=controller,
                json={"by": str(by.id), **REASON},
            )
            return answer.status_code

        codes = await asyncio.gather(supersede(*pair), supersede(*reversed(pair)))

        assert sorted(codes) == [200, 422]


async def test_of_two_who_ask_for_an_extension_at_once_one_has_asked(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens
) -> None:
    rows = await _executions(sessions, 10, status=Status.IN_PROGRESS)

    async def ask(id_: UUID, who: str) -> httpx.Response:
        headers = token("coordinator", sub=who, regions=["16"])
        return await api.post(f"/v1/executions/{id_}/extensions", headers=headers, json=EXTENSION)

    answers = await asyncio.gather(*(ask(row.id, who) for row in rows for who in ("one", "two")))

    for first, second in zip(answers[::2], answers[1::2], strict=True):
        lost, won = sorted((first, second), key=lambda answer: answer.status_code)[::-1]
        assert (won.status_code, lost.status_code) == (201, 409), lost.text
        assert lost.json()["code"] == "extension_open"
        assert lost.json()["current"] == {"state": "in_progress", "version": won.json()["version"]}
    async with sessions() as session:
        asked = (await session.exec(select(Extension.execution_id))).all()
    assert sorted(asked) == sorted(row.id for row in rows)


@pytest.mark.parametrize("way", ["extension", "bulk", "subtask"])
async def test_the_same_request_repeated_at_once_has_one_effect(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens, way: str
) -> None:
    [row] = await _executions(sessions, 1, status=Status.ROUTED)
    headers = {**token("coordinator", regions=["16"]), "Idempotency-Key": "once"}
    path, body = {
        "extension": (f"/v1/executions/{row.id}/extensions", EXTENSION),
        "bulk": (
            "/v1/executions/bulk",
            {"command": "acknowledge", "items": [{"execution_id": str(row.id)}]},
        ),
        "subtask": (
            f"/v1/executions/{row.id}/subtasks",
            {"text": "Прислать черновик.", "due": "2023-10-13"},
        ),
    }[way]

    answers = await asyncio.gather(*(api.post(path, headers=headers, json=body) for _ in range(8)))

    assert {answer.status_code for answer in answers} == {200 if way == "bulk" else 201}
    assert len({answer.text for answer in answers}) == 1
    rows = await _check_histories(sessions)
    assert rows[row.id].version == (2 if way == "subtask" else 3)
    if way == "subtask":
        listed = await api.get(path, headers=headers)
        assert len(listed.json()["items"]) == 1


async def test_policies_adopted_at_once_are_versions_one_after_another(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens
) -> None:
    admin = token("cur_admin")
    document = (await api.get("/v1/policies", headers=admin)).json()["items"][0]["document"]

    async def adopt(number: int) -> httpx.Response:
        body = {
            "effective_from": f"2023-11-{number:02}",
            "note": f"Версия {number}",
            "document": document,
        }
        return await api.post("/v1/policies", headers=admin, json=body)

    answers = await asyncio.gather(*(adopt(number) for number in range(1, 9)))

    won = [answer.json() for answer in answers if answer.status_code == 201]
    lost = [answer for answer in answers if answer.status_code != 201]
    assert {answer.json()["code"] for answer in lost} <= {"effective_too_early"}
    assert sorted(read["version"] for read in won) == list(range(2, 2 + len(won)))
    async with sessions() as session:
        kept = await session.exec(select(ControlPolicy).order_by(col(ControlPolicy.version)))
        since = [row.effective_from for row in kept]
    assert since == sorted(set(since))


async def test_an_occurrence_is_issued_once_however_many_workers_look(
    sessions: Sessions, clusters: Clusters, to_directory: ServiceClient
) -> None:
    clusters.addressees = [make_addressee(cluster_id=CLUSTER)]
    given: dict[str, Any] = {
        "text": "Сдать сведения.",
        "priority": "planned",
        "due_on": None,
        "addressees": {"kind": "cluster"},
        "control": {"term": "monthly", "monthly_day": 31},
    }
    async with transaction(sessions) as session:
        await issuing.issue_own(session, to_directory, given, now=NOW)

    async def look(month: int) -> int:
        async with transaction(sessions) as session:
            now = NOW.replace(month=month, day=1)
            return await recurrences.issue_recurring(session, to_directory, now=now)

    for month in (11, 12):
        assert sorted(await asyncio.gather(*(look(month) for _ in range(6)))) == [0] * 5 + [1]
    async with sessions() as session:
        found = await session.exec(select(Assignment).order_by(col(Assignment.occurrence)))
        assert [(row.occurrence, str(row.due)) for row in found] == [
            (1, "2023-10-31"),
            (2, "2023-11-30"),
            (3, "2023-12-29"),
        ]


@pytest.mark.usefixtures("known_region")
async def test_of_lists_of_what_passes_set_at_once_one_stands_whole(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens
) -> None:
    rows = await _executions(sessions, 4)
    clusters = [str(row.cluster_id) for row in rows]
    lists = [clusters[:3], clusters[1:], clusters]
    path, headers = "/v1/regions/16/auto-forwarding", token("coordinator", regions=["16"])

    async def let_pass(wanted: list[str]) -> httpx.Response:
        return await api.put(path, headers=headers, json={"cluster_ids": wanted})

    answers = await asyncio.gather(*(let_pass(wanted) for wanted in lists * 4))

    assert {answer.status_code for answer in answers} == {200}
    kept = (await api.get(path, headers=headers)).json()["cluster_ids"]
    assert set(kept) in [set(wanted) for wanted in lists]
