from collections.abc import Iterator
from datetime import date
from itertools import product

import pytest

from services.assignments.domain import (
    FINAL,
    RULES,
    ActionNotAllowed,
    Addressee,
    Command,
    NotYourMove,
    Party,
    Status,
    deadline,
    next_status,
)


def _triples() -> Iterator[tuple[Addressee, Status, Command, Party]]:
    yield from product(Addressee, Status, Command, Party)


@pytest.mark.parametrize(("addressee", "status", "command", "party"), list(_triples()))
def test_what_the_table_does_not_say_is_refused_and_what_it_says_passes(
    addressee: Addressee, status: Status, command: Command, party: Party
) -> None:
    rule = RULES[addressee].get((status, command))
    if rule is None:
        with pytest.raises(ActionNotAllowed):
            next_status(addressee, status, command, frozenset({party}))
    elif rule.by is not party:
        with pytest.raises(NotYourMove):
            next_status(addressee, status, command, frozenset({party}))
    else:
        assert next_status(addressee, status, command, frozenset({party})) is rule


def test_the_path_of_a_cluster_execution_is_the_one_of_the_specification() -> None:
    path = [Status.ISSUED]
    for command in (
        Command.ROUTE,
        Command.ACKNOWLEDGE,
        Command.START,
        Command.SUBMIT,
        Command.FORWARD,
        Command.RETURN,
        Command.START,
        Command.SUBMIT,
        Command.FORWARD,
        Command.ACCEPT,
    ):
        path.append(next_status(Addressee.CLUSTER, path[-1], command, frozenset(Party)).to)

    assert path == [
        "issued",
        "routed",
        "acknowledged",
        "in_progress",
        "submitted",
        "forwarded",
        "returned",
        "in_progress",
        "submitted",
        "forwarded",
        "accepted",
    ]


@pytest.mark.parametrize("addressee", Addressee)
def test_nothing_follows_a_final_status(addressee: Addressee) -> None:
    assert not [status for status, _ in RULES[addressee] if status in FINAL]


def test_an_authority_is_neither_routed_nor_forwarded() -> None:
    commands = {command for _, command in RULES[Addressee.AUTHORITY]}
    assert commands.isdisjoint({Command.ROUTE, Command.FORWARD})


@pytest.mark.parametrize(
    ("due_on", "signed_on", "expected"),
    [
        (date(2023, 11, 4), date(2023, 10, 18), date(2023, 11, 3)),
        (date(2023, 11, 6), date(2023, 10, 18), date(2023, 11, 3)),
        (date(2024, 4, 27), date(2024, 4, 10), date(2024, 4, 27)),
        (None, date(2024, 1, 31), date(2024, 2, 29)),
        (None, date(2023, 12, 13), date(2024, 1, 12)),
        (None, date(2023, 10, 18), date(2023, 11, 17)),
        (date(2023, 10, 8), date(2023, 10, 7), date(2023, 10, 7)),
    ],
    ids=[
        "Saturday holiday → Friday",
        "transferred day off → the Friday before",
        "working Saturday stays",
        "a month from 31 January of a leap year",
        "a month over the New Year, Saturday → Friday",
        "a month, Saturday → Friday",
        "never before the signing",
    ],
)
def test_deadline(due_on: date | None, signed_on: date, expected: date) -> None:
    assert deadline(due_on, signed_on=signed_on) == expected
