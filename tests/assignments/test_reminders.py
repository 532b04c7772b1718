"""The ladder of reminders against days counted by hand on the calendar of autumn 2023."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assignments.domain.executions import Addressee, ExecutorRole, Status
from services.assignments.domain.policies import FIRST, Recipient
from services.assignments.domain.reminders import (
    Facts,
    Item,
    body,
    calls,
    first_day,
    recipients_of,
    subject,
)

FACTS = Facts(
    status=Status.ROUTED,
    addressee=Addressee.CLUSTER,
    role=ExecutorRole.LEAD,
    issued_on=date(2023, 10, 4),
    told_on=date(2023, 10, 5),
    due=date(2023, 10, 20),
    internal_due=None,
    control_due=None,
    returned_on=None,
    done=None,
)


def _ladder(facts: Facts, last: date = date(2023, 12, 1)) -> list[tuple[str, str]]:
    days = [facts.issued_on + timedelta(days=n) for n in range((last - facts.issued_on).days)]
    return [
        (call.rung.code, day.isoformat())
        for day in days
        for call in calls(facts, FIRST, since=day, until=day)
    ]


def test_an_execution_nobody_touches_calls_for_every_rung_once() -> None:
    assert _ladder(FACTS) == [
        ("issued", "2023-10-05"),
        ("unacknowledged", "2023-10-06"),
        ("half_term", "2023-10-12"),
        ("three_days", "2023-10-17"),
        ("due_day", "2023-10-20"),
        ("overdue", "2023-10-23"),
        ("escalation", "2023-10-25"),
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        # 3 November is a Friday before a transferred Monday off: the days after it are 7, 8, 9.
        (
            {"due": date(2023, 11, 3), "status": Status.IN_PROGRESS},
            [
                ("issued", "2023-10-05"),
                ("half_term", "2023-10-19"),
                ("three_days", "2023-10-31"),
                ("due_day", "2023-11-03"),
                ("overdue", "2023-11-07"),
                ("escalation", "2023-11-09"),
            ],
        ),
        # Returned on Thursday 19 October: the days of the rework end on Tuesday the 24th.
        (
            {"returned_on": date(2023, 10, 19), "status": Status.RETURNED},
            [
                ("issued", "2023-10-05"),
                ("half_term", "2023-10-13"),
                ("three_days", "2023-10-19"),
                ("due_day", "2023-10-24"),
                ("overdue", "2023-10-25"),
                ("escalation", "2023-10-27"),
            ],
        ),
        # Asked for too late: the control date is not scored, but it is the one to work to.
        (
            {"control_due": date(2023, 10, 27), "status": Status.IN_PROGRESS},
            [
                ("issued", "2023-10-05"),
                ("half_term", "2023-10-13"),
                ("three_days", "2023-10-24"),
                ("due_day", "2023-10-27"),
                ("overdue", "2023-10-30"),
                ("escalation", "2023-11-01"),
            ],
        ),
        # A co-executor answers for its internal date.
        (
            {
                "role": ExecutorRole.CO,
                "internal_due": date(2023, 10, 12),
                "status": Status.IN_PROGRESS,
            },
            [
                ("issued", "2023-10-05"),
                ("half_term", "2023-10-06"),
                ("three_days", "2023-10-09"),
                ("due_day", "2023-10-12"),
                ("overdue", "2023-10-13"),
                ("escalation", "2023-10-17"),
            ],
        ),
        # Granted a later date, it answers for that one.
        (
            {
                "role": ExecutorRole.CO,
                "control_due": date(2023, 10, 27),
                "status": Status.IN_PROGRESS,
            },
            [
                ("issued", "2023-10-05"),
                ("half_term", "2023-10-13"),
                ("three_days", "2023-10-24"),
                ("due_day", "2023-10-27"),
                ("overdue", "2023-10-30"),
                ("escalation", "2023-11-01"),
            ],
        ),
        # 29 December 2035 is the last working day the calendar knows.
        (
            {"due": date(2035, 12, 28), "status": Status.IN_PROGRESS},
            [("issued", "2023-10-05")],
        ),
        ({"done": date(2023, 10, 18), "status": Status.FORWARDED}, []),
        ({"status": Status.WITHDRAWN}, []),
    ],
    ids=[
        "over a holiday",
        "after a return",
        "control date",
        "co-executor",
        "co-executor with a control date",
        "end of the calendar",
        "handed in",
        "withdrawn",
    ],
)
def test_the_ladder_follows_the_dates(
    changes: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    assert _ladder(replace(FACTS, **changes)) == expected  # type: ignore[arg-type]


@given(
    due=st.dates(date(2023, 10, 9), date(2024, 2, 1)),
    returned=st.none() | st.dates(date(2023, 10, 5), date(2023, 12, 1)),
)
def test_no_rung_is_called_twice_for_the_same_date(due: date, returned: date | None) -> None:
    facts = replace(FACTS, due=due, returned_on=returned)
    codes = Counter(code for code, _ in _ladder(facts, date(2024, 3, 1)))
    assert set(codes.values()) <= {1}
    assert {"due_day", "overdue", "escalation"} <= set(codes)


@given(
    due=st.dates(date(2023, 10, 9), date(2024, 2, 1)),
    control=st.none() | st.dates(date(2023, 10, 9), date(2024, 2, 20)),
    days_composed=st.sets(st.integers(0, 150)),
)
def test_whenever_the_worker_is_away_every_rung_is_found_in_the_end(
    due: date, control: date | None, days_composed: set[int]
) -> None:
    facts = replace(FACTS, due=due, control_due=control, status=Status.ISSUED)
    last = FACTS.issued_on + timedelta(days=151)
    everything = {
        (one.rung.code, one.anchor)
        for one in calls(facts, FIRST, since=FACTS.issued_on, until=last)
    }

    seen, found = FACTS.issued_on - timedelta(days=1), Counter[tuple[str, date]]()
    for number in sorted(days_composed | {151}):
        day = FACTS.issued_on + timedelta(days=number)
        for one in calls(facts, FIRST, since=seen + timedelta(days=1), until=day):
            found[one.rung.code, one.anchor] += 1
        seen = day

    assert set(found) == everything
    assert set(found.values()) == {1}


def test_the_first_day_is_the_one_whose_sending_hour_is_still_to_come() -> None:
    # 9:00 in Kamchatka is 21:00 UTC of the day before.
    before = datetime(2023, 10, 3, 20, 59, tzinfo=UTC)
    assert first_day(before, "Asia/Kamchatka", FIRST) == date(2023, 10, 4)
    after = datetime(2023, 10, 3, 21, 0, tzinfo=UTC)
    assert first_day(after, "Asia/Kamchatka", FIRST) == date(2023, 10, 5)


def test_an_authoritys_work_is_its_heads_and_a_clusters_is_the_coordinators() -> None:
    for rung in FIRST.reminders:
        assert recipients_of(rung, Addressee.AUTHORITY) == {Recipient.AUTHORITY_HEAD}
        expected = Recipient.AUTHORITY_HEAD if rung.code == "escalation" else Recipient.COORDINATOR
        assert recipients_of(rung, Addressee.CLUSTER) == {expected}


def test_a_message_names_what_it_is_about_by_urgency() -> None:
    late = Item(
        "after_due", "5/2023 п. 1", "Отчёт", "Кластер № 1", date(2023, 10, 20), Status.ROUTED
    )
    new = Item("issued", "6/2023 п. 2", "План " * 60, None, date(2023, 11, 3), Status.ROUTED)
    day = date(2023, 10, 23)

    said = {"Татарстан": [new, late], "Чувашия": [new]}
    text = body(day, said)

    assert subject(day, said) == ("Поручения на 23.10.2023: 3, просрочено: 1 — Татарстан, Чувашия")
    assert text.index("Просрочено (1):") < text.index("Новые (1):") < text.index("Чувашия")
    assert "— 5/2023 п. 1: Отчёт; Кластер № 1; срок 20.10.2023; у координатора" in text
    assert max(map(len, text.splitlines())) < 200
