"""Messages of a day, composed once: of what, to whom, and none is lost in between."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import ExecutorRole, Status
from services.assignments.domain.notifications import Channel, NotificationState
from services.assignments.models import Absence, Execution, KnownRegion, NotificationLine
from services.assignments.repository import notifications
from services.assignments.service import delivery, routing
from services.assignments.service.changes import first_step
from tests.assignments.conftest import Office
from tests.assignments.messages import (
    COORDINATOR,
    DEPUTY,
    TUESDAY,
    compose,
    messages,
    only_execution,
)
from tests.assignments.stand import appointed
from tests.conftest import NOW, Tokens
from tests.factories import make_assignment, make_execution

pytestmark = pytest.mark.usefixtures("moscow")


async def test_a_day_is_composed_once_and_waits_where_no_mail_is_configured(
    session: AsyncSession, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    assert await compose(session) == 2
    assert await compose(session, TUESDAY + timedelta(hours=5)) == 0
    [message] = await messages(session, Channel.EMAIL)
    assert (message.person_id, message.state) == (COORDINATOR, NotificationState.PREPARED)
    assert message.last_error == delivery.NO_CHANNEL
    assert "Просрочено (1):" in message.body


async def test_the_deputy_is_written_to_while_the_coordinator_is_away(
    session: AsyncSession, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    await office("deputy", DEPUTY)
    session.add(
        Absence(
            id=uuid4(),
            region="77",
            away_from=date(2023, 10, 23),
            away_to=date(2023, 10, 27),
            reason="Отпуск",
            created_by="coordinator",
            created_at=NOW,
        )
    )
    await session.flush()
    await compose(session)
    [message] = await messages(session, Channel.EMAIL)
    assert message.person_id == DEPUTY


async def test_a_vacant_office_is_visible_and_its_message_finds_the_next_holder(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, office: Office
) -> None:
    await compose(session)
    [message] = await messages(session, Channel.EMAIL)
    assert (message.state, message.last_error) == (
        NotificationState.UNDELIVERABLE,
        "Должность вакантна.",
    )
    path, headers = f"/v1/notifications/{message.id}/resend", token("cur_controller")
    refused = await client.post(path, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "office_vacant")
    await office("coordinator", COORDINATOR)
    given = await client.post(path, headers=headers)
    assert given.status_code == 200
    assert (given.json()["person_id"], given.json()["state"]) == (str(COORDINATOR), "prepared")


async def test_who_comes_into_the_office_learns_of_its_open_work(
    session: AsyncSession, office: Office
) -> None:
    await office("deputy", DEPUTY)
    await compose(session, TUESDAY - timedelta(days=1))
    await office("coordinator", COORDINATOR, since=date(2023, 10, 25))
    await compose(session, TUESDAY + timedelta(days=1))
    found = {one.person_id: one for one in await messages(session, Channel.EMAIL)}
    message = found[COORDINATOR]
    # The head of the authority, to whom it is escalated, is yet to be named.
    assert set(found) == {DEPUTY, COORDINATOR, None}
    # Overdue goes before new: each execution stands in one place.
    assert "Просрочено (1):" in message.body
    lines = await session.exec(
        select(NotificationLine).where(NotificationLine.recipient == str(COORDINATOR))
    )
    assert {"issued", "overdue"} <= {line.rung for line in lines}


async def test_one_person_gets_one_message_a_day_over_all_offices(
    session: AsyncSession, office: Office
) -> None:
    # In Kamchatka the hour of sending comes nine hours earlier.
    session.add(
        KnownRegion(
            code="41",
            name="Камчатский край",
            short_name="Камчатка",
            federal_district="ДФО",
            timezone="Asia/Kamchatka",
            version=1,
        )
    )
    assignment = make_assignment(
        issued_at=datetime(2023, 10, 4, 10, tzinfo=UTC), number="9/2023 п. 9", item=9
    )
    session.add(assignment)
    await session.flush()
    far = make_execution(assignment, region="41", status=Status.IN_PROGRESS)
    far.timezone = "Asia/Kamchatka"
    session.add(far)
    await office("coordinator", COORDINATOR)
    await office("coordinator", COORDINATOR, region="41")
    await office("authority_head", COORDINATOR, region="41")

    await compose(session, datetime(2023, 10, 23, 22, tzinfo=UTC))  # 10:00 of the 24th there
    await compose(session, TUESDAY)

    [message] = [one for one in await messages(session, Channel.EMAIL) if one.day.day == 24]
    assert (message.recipient, message.regions) == (str(COORDINATOR), ["41", "77"])
    assert message.subject.endswith("— Камчатка, Москва")
    assert "9/2023 п. 9" in message.body


async def test_a_date_moved_onto_a_morning_that_is_over_is_still_said(
    session: AsyncSession, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    wednesday = TUESDAY + timedelta(days=1)
    await compose(session, wednesday)
    [execution] = (await session.exec(select(Execution))).all()
    execution.due = wednesday.date()  # at noon, by the issuer
    session.add(execution)
    await session.flush()
    await compose(session, wednesday + timedelta(days=1))
    [message] = [one for one in await messages(session, Channel.EMAIL) if one.day.day == 26]
    assert "Просрочено (1):" in message.body
    assert "срок 25.10.2023" in message.body


async def test_after_a_return_the_message_names_the_date_that_counts(
    session: AsyncSession, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    [execution] = (await session.exec(select(Execution))).all()
    execution.status, execution.returned_on = Status.RETURNED, date(2023, 10, 23)
    session.add(execution)
    await session.flush()
    await compose(session)
    [message] = await messages(session, Channel.EMAIL)
    assert "срок 26.10.2023" in message.body
    assert "росрочено" not in message.subject
    [digest] = await messages(session, Channel.CHAT)
    assert "Москва: просрочено 0, скоро срок 1" in digest.body
    assert "просрочено" not in message.body.lower()


async def test_work_that_ends_while_its_letter_is_composed_stops_nobody(
    session: AsyncSession, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office("coordinator", COORDINATOR)
    await compose(session)
    listed = notifications.open_of_regions

    async def then_it_ends(session: AsyncSession, regions: Any) -> Any:
        rows = await listed(session, regions)
        connection = await session.connection()
        await connection.exec_driver_sql("update executions set status = 'accepted'")
        return rows

    monkeypatch.setattr(notifications, "open_of_regions", then_it_ends)
    await compose(session, TUESDAY + timedelta(days=1))
    days = sorted(one.day.day for one in await messages(session, Channel.EMAIL))
    # The 25th brought the escalation, whose office is vacant, and nothing anew.
    assert days == [24, 25]


async def test_a_date_at_the_end_of_the_calendar_stops_nobody(
    session: AsyncSession, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    assignment = make_assignment(
        issued_at=datetime(2023, 10, 23, 10, tzinfo=UTC), number="8/2023 п. 1", item=8
    )
    session.add(assignment)
    await session.flush()
    late = make_execution(assignment, region="77", status=Status.ROUTED)
    late.due = date(2035, 12, 29)
    session.add(late)
    await session.flush()
    assert await compose(session) == 2


async def test_missed_days_are_caught_up_in_one_message(
    session: AsyncSession, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    await compose(session, TUESDAY - timedelta(days=6))
    before = {row.id for row in await messages(session, Channel.EMAIL)}
    await compose(session)
    [message] = [row for row in await messages(session, Channel.EMAIL) if row.id not in before]
    # The due day of the 20th and the first working day after it fell into the gap.
    assert "Просрочено (1):" in message.body


async def _told_as_new(session: AsyncSession, recipient: UUID) -> list[UUID]:
    """The executions the person was told of as new ones."""
    rows = await session.exec(select(NotificationLine))
    return [
        row.execution_id for row in rows if (row.rung, row.recipient) == ("issued", str(recipient))
    ]


@pytest.mark.parametrize("first_from", [None, date(2023, 11, 1)], ids=["entered", "moved back"])
async def test_whoever_is_known_of_late_learns_of_the_open_work(
    session: AsyncSession, first_from: date | None
) -> None:
    await compose(session)
    made = appointed(COORDINATOR, region="77", valid_from=date(2023, 10, 10))
    if first_from:
        early = made.model_copy(update={"valid_from": first_from})
        made = made.model_copy(update={"version": 2})
        await routing.hear_appointment(session, early, now=TUESDAY - timedelta(days=14))
    # On Wednesday the 25th: in office since the 10th.
    await routing.hear_appointment(session, made, now=TUESDAY + timedelta(days=1, hours=5))

    await compose(session, TUESDAY + timedelta(days=2))

    assert await _told_as_new(session, COORDINATOR) == [await only_execution(session)]
    # Heard anew, and ended later: nothing is said twice.
    over = made.model_copy(update={"version": 3, "valid_to": date(2023, 11, 30)})
    for heard in (made, over):
        await routing.hear_appointment(session, heard, now=TUESDAY + timedelta(days=5))
    await compose(session, TUESDAY + timedelta(days=6))
    assert await _told_as_new(session, COORDINATOR) == [await only_execution(session)]


async def _co_executor(session: AsyncSession, number: str, **facts: Any) -> Execution:
    """A co-executor of an assignment of 4 October, engaged on Monday the 16th."""
    assignment = make_assignment(
        issued_at=datetime(2023, 10, 4, 10, tzinfo=UTC), number=number, item=5
    )
    session.add(assignment)
    await session.flush()
    lead = make_execution(assignment, region="77", status=Status.FORWARDED, done=NOW.date())
    session.add(lead)
    await session.flush()
    given = {"region": "77", "role": ExecutorRole.CO, "lead_id": lead.id, **facts}
    found = make_execution(assignment, **given)
    session.add(found)
    await session.flush()
    session.add(first_step(found, now=datetime(2023, 10, 16, 12, tzinfo=UTC)))
    await session.flush()
    return found


async def test_a_co_executor_engaged_later_is_told_of_then(
    session: AsyncSession, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    tuesday = TUESDAY - timedelta(days=7)
    await compose(session, tuesday - timedelta(days=1))
    helper = await _co_executor(session, "5/2023 п. 1")
    await compose(session, tuesday)
    assert helper.id in await _told_as_new(session, COORDINATOR)


async def test_the_digest_leaves_out_what_a_co_executor_has_handed_in(
    session: AsyncSession, office: Office
) -> None:
    await office("coordinator", COORDINATOR)
    for number, done in (("5/2023 п. 1", None), ("5/2023 п. 2", date(2023, 10, 23))):
        status = Status.SUBMITTED if done else Status.IN_PROGRESS
        dates = {"due": date(2023, 10, 30), "internal_due": date(2023, 10, 30), "done": done}
        await _co_executor(session, number, status=status, **dates)
    await compose(session)
    [message] = await messages(session, Channel.EMAIL)
    assert "5/2023 п. 1: Представить план загрузки мастерских; срок 30.10.2023" in message.body
    assert "5/2023 п. 2: Представить план загрузки мастерских; срок 30.10.2023" not in message.body
