"""Executions as the formula sees them: one to start from, and every kind there can be."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from hypothesis import strategies as st

from services.rating.domain.facts import Facts
from services.rating.domain.periods import Period

OCTOBER: Final = Period.parse("2023-10")
# Half a year around the period, so that carried debts and work due later occur.
FIRST: Final = date(2023, 7, 1)
LAST: Final = date(2024, 1, 31)

DONE_STATUSES: Final = ("forwarded", "accepted")
OPEN_STATUSES: Final = ("issued", "routed", "acknowledged", "in_progress", "submitted", "returned")
GONE_STATUSES: Final = ("withdrawn", "superseded", "annulled")


def number(value: int) -> UUID:
    return UUID(int=value)


def make_facts(**overrides: Any) -> Facts:
    """A cluster's execution of a protocol assignment, handed in on its due day, a Friday."""
    defaults: dict[str, Any] = {
        "execution_id": number(1),
        "version": 5,
        "assignment_id": number(100),
        "cluster_id": number(200),
        "region": "16",
        "cohort": 2022,
        "industry": "mechanical-engineering",
        "origin": "protocol",
        "role": "lead",
        "addressee": "cluster",
        "weight": 1,
        "issued_on": date(2023, 10, 4),
        "due0": date(2023, 10, 13),
        "due": date(2023, 10, 13),
        "status": "accepted",
        "done": date(2023, 10, 13),
        "returns": 0,
        "returned_on": None,
        "extensions": 0,
    }
    return Facts(**(defaults | overrides))


def days(first: date = FIRST, last: date = LAST) -> st.SearchStrategy[date]:
    return st.dates(first, last)


@st.composite
def facts(draw: st.DrawFn, *, countable: bool = False, regions: str = "16 77 54") -> Facts:
    """Any execution the world can produce as of any date up to `LAST`.

    `countable`: a lead cluster's protocol execution that has not been taken back.
    """
    due0 = draw(days())
    due = due0 + timedelta(days=draw(st.sampled_from([0, 0, 0, 3, 10, 40])))
    issued_on = due0 - timedelta(days=draw(st.integers(0, 40)))
    returns = draw(st.sampled_from([0, 0, 0, 1, 2, 3, 5]))
    returned_on = None
    if returns:
        returned_on = issued_on + timedelta(days=draw(st.integers(0, 80)))
    earliest = returned_on or issued_on
    done = None
    if draw(st.booleans()):
        done = earliest + timedelta(days=draw(st.integers(0, 90)))
    statuses = DONE_STATUSES if done else OPEN_STATUSES
    made = make_facts(
        execution_id=number(draw(st.integers(1, 10**6))),
        version=draw(st.integers(1, 9)),
        region=draw(st.sampled_from(regions.split())),
        weight=draw(st.integers(1, 3)),
        issued_on=issued_on,
        due0=due0,
        due=due,
        status=draw(st.sampled_from(statuses)),
        done=done,
        returns=returns,
        returned_on=returned_on,
        extensions=draw(st.sampled_from([0, 0, 0, 1, 2, 3, 6])),
    )
    return made if countable else draw(st.sampled_from([made, made, made, *_uncountable(made)]))


def _uncountable(made: Facts) -> list[Facts]:
    """The same execution where it must weigh nothing."""
    return [
        replace(made, origin="other"),
        replace(made, role="co"),
        replace(made, addressee="authority", cluster_id=None),
        *(replace(made, status=status) for status in GONE_STATUSES),
    ]


def uncountable() -> st.SearchStrategy[Facts]:
    """An execution that weighs nothing in any period."""
    return facts(countable=True).flatmap(lambda made: st.sampled_from(_uncountable(made)))


def many(*, most: int = 12, countable: bool = False) -> st.SearchStrategy[list[Facts]]:
    """Different executions, each once."""
    return st.lists(
        facts(countable=countable), max_size=most, unique_by=lambda one: one.execution_id
    )
