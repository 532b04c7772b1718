"""Assignments' numbers and words: heard, kept newest, and nothing of the score waits for them."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.consumers import events, keep_assignments
from services.rating.domain.titles import title
from services.rating.models import Assignment
from services.rating.repository import positions
from services.rating.repository.renewals import renew_assignments
from shared.events.assignments import AssignmentChanged, AssignmentEvent, AssignmentIssued
from shared.events.base import PARTITIONS, partition_of
from tests.rating.slices import LATER, heard_through

ONE = UUID(int=7)


def told(kind: type[AssignmentEvent], version: int, **facts: Any) -> AssignmentEvent:
    values: dict[str, Any] = {
        "assignment_id": ONE,
        "origin": "protocol",
        "protocol_id": None,
        "protocol_item_id": None,
        "number": "3/2023 п. 2",
        "text": "Представить план",
        "priority": "important",
        "weight": 2,
        "issued_on": date(2023, 10, 4),
        "due0": date(2023, 10, 20),
        "due": date(2023, 10, 20),
        "executions": 3,
        "version": version,
        "occurred_at": LATER,
    }
    return kind.model_validate(values | facts)


async def test_the_newest_words_stay_whatever_the_order(session: AsyncSession) -> None:
    await keep_assignments(session, [told(AssignmentChanged, 2, text="Представить новый план")])
    await keep_assignments(session, [told(AssignmentIssued, 1)])
    await keep_assignments(session, [told(AssignmentChanged, 2, text="Представить новый план")])

    found = await session.get(Assignment, ONE)
    assert found is not None
    assert (found.number, found.text, found.version) == (
        "3/2023 п. 2",
        "Представить новый план",
        2,
    )


async def test_they_are_heard_but_nothing_waits_for_them(session: AsyncSession) -> None:
    assert AssignmentEvent.topic in events.topics
    await heard_through(session, LATER)
    await heard_through(session, None, AssignmentEvent.topic)
    for topics in ((positions.FACTS_TOPIC,), positions.RATED):
        assert await positions.complete_through(session, topics) == LATER


async def test_a_partition_heard_anew_has_what_was_heard_and_others_stay(
    session: AsyncSession,
) -> None:
    there = partition_of(str(ONE))
    await keep_assignments(session, [told(AssignmentChanged, 7, text="Не было такого")])
    await renew_assignments(session, (there + 1) % PARTITIONS, [])
    session.expunge_all()
    assert await session.get(Assignment, ONE) is not None

    await renew_assignments(session, there, [told(AssignmentIssued, 1)])
    session.expunge_all()
    found = await session.get(Assignment, ONE)
    assert found is not None
    assert (found.version, found.text) != (7, "Не было такого")
    await renew_assignments(session, there, [])
    session.expunge_all()
    assert await session.get(Assignment, ONE) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Представить план", "№ 12 «Представить план»"),
        (" Представить\n план ", "№ 12 «Представить план»"),
        ("а" * 80, f"№ 12 «{'а' * 80}»"),
        ("а" * 90, f"№ 12 «{'а' * 80}…»"),
        ("слово " * 20, f"№ 12 «{('слово ' * 13).strip()}…»"),
        ("слово, " * 20, f"№ 12 «{('слово, ' * 11).strip(' ,')}…»"),
    ],
)
def test_a_title_is_cut_between_words(text: str, said: str) -> None:
    assert title("12", text) == said
