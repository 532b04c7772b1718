"""The agenda writes itself, is frozen, and what is unfinished comes back until it is decided."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.control import ControlLine, OpenWork, control_lines, due_star
from services.meetings.repository import directory
from services.meetings.repository.executions import keep_executions, open_work
from services.meetings.service import agendas as service
from tests.conftest import NOW, Headers, Tokens
from tests.meetings.factories import (
    AFTER,
    add_question,
    agenda_of,
    approve,
    cluster_id,
    draft,
    execution,
    hear_directory,
    hold,
    put_item,
    region,
    schedule,
)

NEXT = "2023-10-11T10:00:00+03:00"
BEFORE = {"X-Simulated-Now": "2023-10-04T06:30:00Z"}


async def _conclude(
    client: httpx.AsyncClient, actor: Headers, meeting_id: str, item_id: str, outcome: str
) -> httpx.Response:
    return await client.post(
        f"/v1/meetings/{meeting_id}/agenda-items/{item_id}/outcome",
        headers=actor | AFTER,
        json={"outcome": outcome},
    )


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            OpenWork,
            st.sampled_from(["16", "63"]),
            st.dates(NOW.date() - timedelta(days=30), NOW.date() + timedelta(days=30)),
            st.none() | st.dates(NOW.date() - timedelta(days=30), NOW.date()),
            st.booleans(),
            st.integers(1, 5),
        )
    )
)
def test_an_execution_is_counted_at_most_once_and_one_that_is_far_off_not_at_all(
    work: list[OpenWork],
) -> None:
    today = {"16": NOW.date(), "63": NOW.date()}

    lines = control_lines(work, today)

    counted = sum(line.overdue + line.due_soon + line.awaiting for line in lines)
    near = [
        one
        for one in work
        if one.handed_in or due_star(one.due, one.returned_on) <= NOW.date() + timedelta(days=7)
    ]
    assert counted == sum(one.count for one in near)


async def test_the_control_section_counts_by_the_regions_own_date_and_is_frozen_for_the_start(
    client: httpx.AsyncClient, secretary: Headers, session: AsyncSession
) -> None:
    await directory.keep_regions(
        session, [region("16"), region("41", timezone="Asia/Kamchatka"), region("63")]
    )
    await keep_executions(
        session,
        [
            execution(1, "2023-10-01"),
            # Returned on a Friday: three working days more, so it is due on the 4th.
            execution(2, "2023-09-20", returned_on=NOW.date() - timedelta(days=3)),
            execution(3, "2023-10-11"),
            execution(4, "2023-10-12"),
            execution(5, "2023-09-01", status="forwarded", done=NOW.date()),
            execution(6, "2023-09-01", status="accepted", done=NOW.date()),
            execution(7, "2023-09-01", role="co"),
            execution(8, "2023-10-02", region="41"),
        ],
    )
    meeting_id = await schedule(client, secretary)
    path = f"/v1/meetings/{meeting_id}/agenda"
    # Ten in the evening in Moscow: in Kamchatka the 2nd is over.
    evening = {"X-Simulated-Now": "2023-10-02T19:00:00Z"}

    live = await client.get(path, headers=secretary | evening)
    frozen = await client.post(f"{path}/freeze", headers=secretary | evening)
    await keep_executions(session, [execution(1, "2023-10-01", version=2, status="accepted")])
    after = await client.get(path, headers=secretary | evening)

    assert live.json()["control"] == [
        {"region": "16", "overdue": 1, "due_soon": 1, "awaiting": 1},
        {"region": "41", "overdue": 1, "due_soon": 0, "awaiting": 0},
    ]
    assert frozen.status_code == 200
    # As of Wednesday the 4th: the one due on the 11th is within seven days now.
    assert after.json()["control"] == [
        {"region": "16", "overdue": 1, "due_soon": 2, "awaiting": 1},
        {"region": "41", "overdue": 1, "due_soon": 0, "awaiting": 0},
    ]
    (item,) = after.json()["sections"][0]["items"]
    assert item["origin"] == "control"
    assert "просрочено 2" in item["text"]


async def test_the_cross_cutting_section_writes_itself_from_what_is_due_and_not_done(
    client: httpx.AsyncClient, token: Tokens, secretary: Headers, session: AsyncSession
) -> None:
    await hear_directory(session)
    await client.post("/v1/examples/load", headers=token("cur_admin"))
    done = {"state": "done", "on": "2023-10-01", "evidence": "https://cluster.example/act.pdf"}
    stage = f"/v1/processes/workshops/clusters/{cluster_id(2)}/stages/list"
    await client.put(stage, headers=token("cluster", clusters=[str(cluster_id(2))]), json=done)
    at = "2023-10-25T10:00:00+03:00"
    unified = await schedule(client, secretary, starts_at=at)
    of_2022 = await schedule(client, secretary, starts_at=at, series="cohort-2022")

    for meeting_id in (unified, of_2022):
        await client.post(f"/v1/meetings/{meeting_id}/agenda/freeze", headers=secretary)

    found = [
        [item["text"] for item in await agenda_of(client, secretary, id_)]
        for id_ in (unified, of_2022)
    ]
    stages = [text for text in found[0] if "выполнили" in text]
    assert len(stages) == 1
    assert stages[0].endswith("победители 2023 года, 01.11.2023, выполнили 0 из 1")
    assert not any("2023 года" in text for text in found[1])


async def test_facts_of_executions_do_not_depend_on_order_and_repetition(
    session: AsyncSession,
) -> None:
    newest = execution(1, "2023-10-20", version=3)
    for delivery in ([newest, execution(1, "2023-10-01")], [execution(1, "2023-10-01", version=2)]):
        await keep_executions(session, delivery)
        await keep_executions(session, delivery)

    lines = await open_work(session, None)

    assert [(one.due, one.count) for one in lines] == [(newest.due, 1)]


async def test_agendas_are_frozen_by_themselves_and_late_questions_are_marked(
    client: httpx.AsyncClient, secretary: Headers, session: AsyncSession
) -> None:
    meeting_id = await schedule(client, secretary)
    early = await add_question(client, secretary, meeting_id)

    assert await service.freeze_due(session, now=NOW) == 0
    assert await service.freeze_due(session, now=NOW + timedelta(hours=45)) == 1
    assert await service.freeze_due(session, now=NOW + timedelta(hours=46)) == 0
    session.expunge_all()
    late = await add_question(client, secretary | BEFORE, meeting_id, kind="other")
    path = f"/v1/meetings/{meeting_id}"
    body = {"kind": "other", "text": "Иначе"}
    refused = [
        await client.put(f"{path}/agenda-items/{early}", headers=secretary, json=body),
        await client.delete(f"{path}/agenda-items/{early}", headers=secretary),
        await client.put(f"{path}/agenda/order", headers=secretary, json={"items": [late, early]}),
        await client.post(f"{path}/agenda/freeze", headers=secretary),
    ]

    agenda = await agenda_of(client, secretary, meeting_id)
    assert [(item["id"], item["late"]) for item in agenda] == [(early, False), (late, True)]
    assert [answer.json()["code"] for answer in refused] == [
        "agenda_frozen",
        "agenda_frozen",
        "agenda_frozen",
        "agenda_already_frozen",
    ]


async def test_questions_are_ordered_changed_and_taken_off_before_the_freeze(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    meeting_id = await schedule(client, secretary)
    path = f"/v1/meetings/{meeting_id}"
    first, second, third = [
        await add_question(client, secretary, meeting_id, duration_minutes=10) for _ in range(3)
    ]

    ordered = await client.put(
        f"{path}/agenda/order", headers=secretary, json={"items": [third, first, second]}
    )
    partial = await client.put(f"{path}/agenda/order", headers=secretary, json={"items": [third]})
    removed = await client.delete(f"{path}/agenda-items/{first}", headers=secretary)
    changed = await client.put(
        f"{path}/agenda-items/{second}",
        headers=secretary,
        json={"kind": "operational", "text": "Иначе", "presenter": "Петров П. П."},
    )

    assert ordered.status_code == 200
    assert (partial.status_code, partial.json()["code"]) == (422, "agenda_order_incomplete")
    assert removed.status_code == 204
    assert changed.json()["text"] == "Иначе"
    agenda = await agenda_of(client, secretary, meeting_id)
    assert [(item["position"], item["id"]) for item in agenda] == [(1, third), (2, second)]


async def test_a_question_that_an_item_of_the_protocol_names_is_not_taken_off(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    meeting_id = await schedule(client, secretary)
    question = await add_question(client, secretary, meeting_id)
    protocol_id = await draft(client, secretary, meeting_id)
    item = await put_item(client, secretary, protocol_id, agenda_item_id=question)
    path = f"/v1/meetings/{meeting_id}/agenda-items/{question}"

    refused = await client.delete(path, headers=secretary)
    await client.delete(f"/v1/protocols/{protocol_id}/items/{item}", headers=secretary)
    removed = await client.delete(path, headers=secretary)

    assert (refused.status_code, refused.json()["code"]) == (409, "agenda_item_assigned")
    assert removed.status_code == 204


async def test_what_is_unfinished_comes_back_until_it_is_decided(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    held = await schedule(client, secretary)
    done = await add_question(client, secretary, held, text="Решённый")
    open_ = await add_question(client, secretary, held, text="Нерешённый")
    following = await schedule(client, secretary, starts_at=NEXT)
    await schedule(client, secretary, starts_at=NEXT, series="cohort-2022")

    await hold(client, secretary, held)
    both = await agenda_of(client, secretary, following)
    await _conclude(client, secretary, held, done, "decision")
    one = await agenda_of(client, secretary, following)
    dropped = await client.delete(
        f"/v1/meetings/{following}/agenda-items/{one[0]['id']}", headers=secretary
    )
    later = await schedule(client, secretary, starts_at="2023-10-18T10:00:00+03:00")
    await client.post(
        f"/v1/meetings/{following}/cancel", headers=secretary, json={"reason": "Нет кворума"}
    )
    last = await agenda_of(client, secretary, later)

    assert [item["text"] for item in both] == ["Решённый", "Нерешённый"]
    assert [(item["text"], item["carried_from"]) for item in one] == [("Нерешённый", open_)]
    assert (dropped.status_code, dropped.json()["code"]) == (409, "agenda_item_carried")
    assert [(item["text"], item["carried_from"]) for item in last] == [("Нерешённый", one[0]["id"])]


async def test_a_question_comes_back_when_the_next_meeting_is_made_later(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    held = await schedule(client, secretary)
    question = await add_question(client, secretary, held)
    await hold(client, secretary, held)
    await _conclude(client, secretary, held, question, "carried_over")
    closed = await client.post(f"/v1/meetings/{held}/close", headers=secretary | AFTER)

    following = await schedule(client, secretary, starts_at=NEXT)

    assert closed.json()["status"] == "closed"
    agenda = await agenda_of(client, secretary, following)
    assert [item["carried_from"] for item in agenda] == [question]


async def test_what_a_meeting_of_no_series_leaves_comes_back_nowhere(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    held = await schedule(client, secretary, series="other")
    question = await add_question(client, secretary, held)
    await hold(client, secretary, held)

    refused = await _conclude(client, secretary, held, question, "carried_over")
    following = await schedule(client, secretary, series="other", starts_at=NEXT)

    assert (refused.status_code, refused.json()["code"]) == (409, "no_next_meeting")
    assert await agenda_of(client, secretary, following) == []


async def test_closing_is_refused_while_a_question_has_no_outcome_and_says_which(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    meeting_id = await schedule(client, secretary)
    first = await add_question(client, secretary, meeting_id, text="О первом")
    second = await add_question(client, secretary, meeting_id, text="О втором")
    early = await _conclude(client, secretary, meeting_id, first, "information")
    await hold(client, secretary, meeting_id)
    await _conclude(client, secretary, meeting_id, first, "information")
    unlinked = await _conclude(client, secretary, meeting_id, second, "assignment")

    path = f"/v1/meetings/{meeting_id}"
    refused = await client.post(f"{path}/close", headers=secretary | AFTER)
    await _conclude(client, secretary, meeting_id, second, "decision")
    closed = await client.post(f"{path}/close", headers=secretary | AFTER)
    over = await _conclude(client, secretary, meeting_id, second, "information")

    assert early.json()["code"] == "outcome_too_early"
    assert unlinked.json()["code"] == "outcome_needs_protocol_item"
    assert (refused.status_code, refused.json()["code"]) == (409, "agenda_undecided")
    assert "2. О втором" in refused.json()["detail"]
    assert "О первом" not in refused.json()["detail"]
    assert closed.json()["status"] == "closed"
    assert over.json()["code"] == "agenda_closed"


@pytest.mark.parametrize("linked", [True, False])
async def test_the_protocol_drives_the_meeting_to_its_end(
    client: httpx.AsyncClient, token: Tokens, secretary: Headers, linked: bool
) -> None:
    meeting_id = await schedule(client, secretary)
    path = f"/v1/meetings/{meeting_id}"
    question = await add_question(client, secretary, meeting_id)
    started = await client.post(f"{path}/start", headers=secretary | AFTER)
    await hold(client, secretary, meeting_id)
    protocol_id = await draft(client, secretary, meeting_id)
    writing = (await client.get(path, headers=secretary)).json()["status"]
    pending = await client.post(f"{path}/close", headers=secretary | AFTER)
    await put_item(client, secretary, protocol_id, agenda_item_id=question if linked else None)

    await approve(client, token("cur_admin"), protocol_id)

    assert started.json()["status"] == "in_progress"
    assert writing == "protocol_draft"
    assert pending.json()["code"] == "protocol_pending"
    read = (await client.get(path, headers=secretary)).json()
    assert read["status"] == ("closed" if linked else "review")
    if not linked:
        refused = await client.post(f"{path}/close", headers=secretary | AFTER)
        assert refused.json()["code"] == "agenda_undecided"


async def test_receipts_count_readers_of_the_agenda_as_it_is_now(
    client: httpx.AsyncClient, token: Tokens, secretary: Headers
) -> None:
    meeting_id = await schedule(client, secretary)
    await add_question(client, secretary, meeting_id)
    path = f"/v1/meetings/{meeting_id}/agenda"
    readers = [
        token("coordinator", sub=f"coordinator-{code}", regions=[code]) for code in ("16", "63")
    ]

    for reader in [*readers, readers[0]]:
        counts = await client.post(f"{path}/acknowledge", headers=reader)
    await add_question(client, secretary, meeting_id)
    await client.post(f"{path}/acknowledge", headers=readers[0])

    assert counts.json() == {"read": 2, "regions": 2, "stale": 0}
    read = (await client.get(path, headers=secretary)).json()
    assert read["receipts"] == {"read": 1, "regions": 1, "stale": 1}


async def test_a_receipt_is_for_the_revision_that_was_read(
    client: httpx.AsyncClient, token: Tokens, secretary: Headers
) -> None:
    meeting_id = await schedule(client, secretary)
    await add_question(client, secretary, meeting_id)
    path, reader = f"/v1/meetings/{meeting_id}/agenda", token("coordinator", regions=["16"])
    seen = (await client.get(path, headers=reader)).json()["revision"]
    await add_question(client, secretary, meeting_id)

    async def read(revision: int) -> httpx.Response:
        asked = {"revision": revision}
        return await client.post(f"{path}/acknowledge", headers=reader, params=asked)

    assert (await read(seen)).json() == {"read": 0, "regions": 0, "stale": 1}
    ahead = await read(seen + 2)
    assert (ahead.status_code, ahead.json()["code"]) == (422, "agenda_revision_unknown")
    assert ahead.json()["errors"][0]["field"] == "query.revision"
    assert (await read(seen + 1)).json() == {"read": 1, "regions": 1, "stale": 0}
    # What was read once is not unread.
    assert (await read(seen)).json() == {"read": 1, "regions": 1, "stale": 0}


async def test_a_draft_is_no_meeting_yet_and_a_moved_meetings_agenda_opens_again(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    meeting_id = await schedule(client, secretary, draft=True)
    path = f"/v1/meetings/{meeting_id}"
    held = await client.post(f"{path}/hold", headers=secretary | AFTER)
    unread = await client.post(f"{path}/agenda/acknowledge", headers=secretary)
    scheduled = await client.post(f"{path}/schedule", headers=secretary)
    await client.post(f"{path}/agenda/freeze", headers=secretary)
    wanted: dict[str, Any] = {"starts_at": NEXT, "reason": "Перенос"}
    past = await client.post(
        f"{path}/move", headers=secretary, json={**wanted, "starts_at": "2023-10-01T10:00:00Z"}
    )
    moved = await client.post(f"{path}/move", headers=secretary, json=wanted)

    assert held.json()["code"] == "meeting_action_not_allowed"
    assert unread.json()["code"] == "agenda_not_published"
    assert scheduled.json()["status"] == "scheduled"
    assert past.json()["code"] == "meeting_in_past"
    assert moved.json()["frozen_at"] is None


def test_a_region_nobody_has_told_of_is_left_out() -> None:
    work = [OpenWork("16", NOW.date(), None, handed_in=True, count=2)]

    assert control_lines(work, {}) == []
    assert control_lines(work, {"16": NOW.date()}) == [ControlLine("16", awaiting=2)]
