"""Many commands for one execution at once, over real connections: one wins, nothing is lost."""

import asyncio
import random
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlmodel import col, select

from services.assignments.domain.executions import Party, Status
from services.assignments.domain.extensions import ExtensionStatus
from services.assignments.models import Execution, Extension
from shared.db import Sessions, transaction
from tests.assignments.races import check_histories, store, stored_executions
from tests.assignments.stand import REASON
from tests.conftest import NOW, Headers, Tokens
from tests.factories import make_assignment

EXTENSION = {"wanted": "2023-11-03", "reason": "Поставщик опаздывает."}


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


async def test_of_opposite_commands_one_wins_and_the_others_learn_what_it_made(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens
) -> None:
    successor = make_assignment()
    await store(sessions, successor)
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
        for execution in await stored_executions(sessions, 10, **facts):
            if commands[0][0].startswith("extensions"):
                await store(sessions, _asked(execution))
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

    rows = await check_histories(sessions)
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
    executions = await stored_executions(
        sessions, 2, status=Status.FORWARDED, done=date(2023, 10, 9)
    )
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
    [execution] = await stored_executions(sessions, 1, status=Status.IN_PROGRESS)
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
    rows = await check_histories(sessions)
    last = max(
        (a.json() for a in answers if a.status_code == 200), key=lambda read: read["version"]
    )
    assert rows[execution.id].due == date.fromisoformat(last["due"])


async def test_superseding_one_loses_no_update(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens
) -> None:
    successor = make_assignment()
    await store(sessions, successor)
    rows = await stored_executions(sessions, 30, status=Status.IN_PROGRESS)
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
    for row in (await check_histories(sessions)).values():
        assert row.status is Status.SUPERSEDED


async def test_of_two_who_ask_for_an_extension_at_once_one_has_asked(
    api: httpx.AsyncClient, sessions: Sessions, token: Tokens
) -> None:
    rows = await stored_executions(sessions, 10, status=Status.IN_PROGRESS)

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
    [row] = await stored_executions(sessions, 1, status=Status.ROUTED)
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
    rows = await check_histories(sessions)
    assert rows[row.id].version == (2 if way == "subtask" else 3)
    if way == "subtask":
        listed = await api.get(path, headers=headers)
        assert len(listed.json()["items"]) == 1
