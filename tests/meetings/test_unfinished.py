"""What meetings leave unfinished comes back: after a cancellation, and past a cohort's last one."""

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from tests.conftest import Headers, Tokens
from tests.meetings.factories import (
    AFTER,
    add_question,
    agenda_of,
    cluster_id,
    draft,
    hear_directory,
    hold,
    put_item,
    schedule,
)

NEXT = "2023-10-11T10:00:00+03:00"
LATER = "2023-10-18T10:00:00+03:00"
AFTER_NEXT = {"X-Simulated-Now": "2023-10-11T12:00:00Z"}


async def _post(client: httpx.AsyncClient, actor: Headers, path: str, **body: str) -> None:
    answer = await client.post(path, headers=actor, json=body or None)
    assert answer.is_success, answer.text


async def _carried(client: httpx.AsyncClient, actor: Headers, meeting_id: str) -> list[str]:
    return [one["carried_from"] for one in await agenda_of(client, actor, meeting_id)]


async def test_a_question_with_a_drafted_item_comes_back_from_a_cancelled_meeting_and_stays(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    meeting_id = await schedule(client, secretary)
    question = await add_question(client, secretary, meeting_id)
    protocol_id = await draft(client, secretary, meeting_id)
    await put_item(client, secretary, protocol_id, agenda_item_id=question)
    following = await schedule(client, secretary, starts_at=NEXT)

    await _post(client, secretary, f"/v1/meetings/{meeting_id}/cancel", reason="Нет кворума")
    came = await _carried(client, secretary, following)
    await _post(client, secretary, f"/v1/meetings/{following}/agenda/freeze")

    assert came == [question]
    assert await _carried(client, secretary, following) == [question]


async def test_what_was_said_at_a_meeting_that_broke_off_decides_nothing(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    meeting_id = await schedule(client, secretary)
    question = await add_question(client, secretary, meeting_id)
    following = await schedule(client, secretary, starts_at=NEXT)
    path = f"/v1/meetings/{meeting_id}"

    early = await client.post(f"{path}/start", headers=secretary)
    await _post(client, secretary | AFTER, f"{path}/start")
    await _post(
        client, secretary | AFTER, f"{path}/agenda-items/{question}/outcome", outcome="decision"
    )
    await _post(client, secretary | AFTER, f"{path}/cancel", reason="Связь прервалась")
    await _post(client, secretary | AFTER, f"/v1/meetings/{following}/agenda/freeze")

    assert (early.status_code, early.json()["code"]) == (409, "meeting_not_started")
    assert await _carried(client, secretary, following) == [question]


@pytest.mark.parametrize("decided", ["before it came back", "afterwards"])
async def test_a_question_that_passed_a_cancelled_meeting_leaves_when_it_is_decided(
    client: httpx.AsyncClient, secretary: Headers, decided: str
) -> None:
    first = await schedule(client, secretary)
    question = await add_question(client, secretary, first)
    off = await schedule(client, secretary, starts_at=NEXT)
    await hold(client, secretary, first)
    (passing,) = [one["id"] for one in await agenda_of(client, secretary, off)]
    outcome = f"/v1/meetings/{first}/agenda-items/{question}/outcome"

    if decided == "afterwards":
        await _post(client, secretary, f"/v1/meetings/{off}/cancel", reason="Нет кворума")
        last = await schedule(client, secretary, starts_at=LATER)
        assert await _carried(client, secretary, last) == [passing]
        await _post(client, secretary | AFTER, outcome, outcome="decision")
    else:
        await _post(client, secretary, f"/v1/meetings/{off}/agenda/freeze")
        await _post(client, secretary | AFTER, outcome, outcome="decision")
        await _post(client, secretary, f"/v1/meetings/{off}/cancel", reason="Нет кворума")
        last = await schedule(client, secretary, starts_at=LATER)
    assert await _carried(client, secretary, last) == []
    await _post(client, secretary, f"/v1/meetings/{last}/agenda/freeze")
    assert await _carried(client, secretary, last) == []


async def test_who_may_not_take_a_question_off_hears_where_its_outcome_can_be_recorded(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    first = await schedule(client, secretary)
    await add_question(client, secretary, first)
    second = await schedule(client, secretary, starts_at=NEXT)

    async def refusal() -> str:
        (item,) = await agenda_of(client, secretary, second)
        answer = await client.delete(
            f"/v1/meetings/{second}/agenda-items/{item['id']}", headers=secretary
        )
        assert (answer.status_code, answer.json()["code"]) == (409, "agenda_item_carried")
        return str(answer.json()["detail"])

    await hold(client, secretary, first)
    assert "укажите там" in await refusal()
    third = await schedule(client, secretary, starts_at=LATER)
    await _post(client, secretary, f"/v1/meetings/{second}/cancel", reason="Нет кворума")
    second = third
    assert "укажите там" in await refusal()

    alone = await schedule(client, secretary, series="cohort-2022")
    await add_question(client, secretary, alone)
    second = await schedule(client, secretary, series="cohort-2022", starts_at=NEXT)
    await _post(client, secretary, f"/v1/meetings/{alone}/cancel", reason="Нет кворума")
    assert "укажите здесь" in await refusal()


async def test_a_question_that_people_put_into_the_control_section_comes_back(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    meeting_id = await schedule(client, secretary)
    question = await add_question(client, secretary, meeting_id, kind="control")
    following = await schedule(client, secretary, starts_at=NEXT)

    await hold(client, secretary, meeting_id)

    assert await _carried(client, secretary, following) == [question]


@pytest.mark.parametrize("made_before", [True, False])
async def test_the_unified_meeting_goes_on_with_what_the_last_meeting_of_a_cohort_left(
    client: httpx.AsyncClient, secretary: Headers, made_before: bool
) -> None:
    first = await schedule(client, secretary, series="cohort-2022")
    last = await schedule(client, secretary, series="cohort-2022", starts_at=NEXT)
    # Another cohort goes on with its own.
    await schedule(client, secretary, series="cohort-2023", starts_at=LATER)
    others = await schedule(client, secretary, series="cohort-2023")
    await add_question(client, secretary, others)
    question = await add_question(client, secretary, first)
    unified = await schedule(client, secretary, starts_at=LATER) if made_before else None

    await hold(client, secretary, first)
    await hold(client, secretary, others)
    if unified:
        assert await _carried(client, secretary, unified) == []
    ((came, from_first),) = [
        (one["id"], one["carried_from"]) for one in await agenda_of(client, secretary, last)
    ]
    await _post(client, secretary | AFTER_NEXT, f"/v1/meetings/{last}/hold")
    unified = unified or await schedule(client, secretary, starts_at=LATER)

    assert from_first == question
    assert await _carried(client, secretary, unified) == [came]


async def test_a_second_freeze_writes_the_sections_anew_and_keeps_what_the_protocol_names(
    client: httpx.AsyncClient, token: Tokens, secretary: Headers, session: AsyncSession
) -> None:
    await hear_directory(session)
    await client.post("/v1/examples/load", headers=token("cur_admin"))
    meeting_id = await schedule(client, secretary, starts_at="2023-10-25T10:00:00+03:00")
    path = f"/v1/meetings/{meeting_id}"
    await _post(client, secretary, f"{path}/agenda/freeze")
    first = await agenda_of(client, secretary, meeting_id)
    named = next(one["id"] for one in first if one["text"].startswith("Циклограмма"))
    protocol_id = await draft(client, secretary, meeting_id)
    await put_item(client, secretary, protocol_id, agenda_item_id=named)

    done = {"state": "done", "on": "2023-10-01", "evidence": "https://cluster.example/act.pdf"}
    stage = f"/v1/processes/workshops/clusters/{cluster_id(2)}/stages/list"
    await client.put(stage, headers=token("cluster", clusters=[str(cluster_id(2))]), json=done)
    moved = {"starts_at": "2023-10-26T10:00:00+03:00", "reason": "Перенос"}
    await _post(client, secretary, f"{path}/move", **moved)
    await _post(client, secretary, f"{path}/agenda/freeze")

    again = await agenda_of(client, secretary, meeting_id)
    kept = [one["text"].split(" —")[0] for one in again]
    assert [one["text"].split(":")[0] for one in first] == [
        "Циклограмма 2023 года отбора",
        "Мастерские и оборудование",
        "Образовательные программы",
    ]
    assert kept == [
        "Циклограмма 2023 года отбора: Утверждён план программы деятельности",
        "Образовательные программы: Требования предприятий собраны",
    ]
    assert [(one["position"], one["id"] == named) for one in again] == [(1, True), (2, False)]
