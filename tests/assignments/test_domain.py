from collections.abc import Iterator
from itertools import product

import pytest

from services.assignments.domain.executions import (
    EDITABLE,
    FINAL,
    OPEN,
    RULES,
    ActionNotAllowed,
    Command,
    NotYourMove,
    Party,
    PointsInvalid,
    Status,
    Track,
    next_status,
    possible,
    remaining_points,
)

Quadruple = tuple[Track, Status, Command, Party]


def _all() -> Iterator[Quadruple]:
    yield from product(Track, Status, Command, Party)


@pytest.mark.parametrize(("track", "status", "command", "party"), list(_all()))
def test_what_the_table_does_not_say_is_refused_and_what_it_says_passes(
    track: Track, status: Status, command: Command, party: Party
) -> None:
    rule = RULES[track].get((status, command))
    parties = frozenset({party})
    if rule is None:
        with pytest.raises(ActionNotAllowed):
            next_status(track, status, command, parties)
    elif party not in rule.by:
        with pytest.raises(NotYourMove):
            next_status(track, status, command, parties)
    else:
        assert next_status(track, status, command, parties) == (rule.to, party)
    assert (command in possible(track, status, parties)) == (rule is not None and party in rule.by)


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
        path.append(next_status(Track.CLUSTER, path[-1], command, frozenset(Party))[0])

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


@pytest.mark.parametrize("track", Track)
def test_nothing_follows_a_final_status(track: Track) -> None:
    assert not [status for status, _ in RULES[track] if status in FINAL]


def test_an_authority_is_neither_routed_nor_forwarded() -> None:
    commands = {command for _, command in RULES[Track.AUTHORITY]}
    assert commands.isdisjoint({Command.ROUTE, Command.REROUTE, Command.FORWARD})


@pytest.mark.parametrize("track", Track)
def test_nothing_is_edited_under_review_and_everything_open_can_be_closed_late(
    track: Track,
) -> None:
    rules = RULES[track]
    for command in (Command.REDATE, Command.DELEGATE, Command.REQUEST_EXTENSION):
        assert {status for status, of in rules if of is command} <= set(EDITABLE)
    # The dates play no part in the table: whatever is open has a way to its end.
    reachable = {Status.ACCEPTED}
    while True:
        more = {status for (status, _), rule in rules.items() if rule.to in reachable}
        if more <= reachable:
            break
        reachable |= more
    assert set(OPEN) - {Status.FORWARDED} <= reachable


@pytest.mark.parametrize("track", Track)
def test_only_the_centre_changes_dates_and_takes_back(track: Track) -> None:
    issuers = {Command.REDATE, Command.GRANT_EXTENSION, Command.REFUSE_EXTENSION}
    issuers |= {Command.SUPERSEDE, Command.ACCEPT_PART}
    for (_, command), rule in RULES[track].items():
        if command in issuers:
            assert rule.by == (Party.CONTROLLER,)


def test_points_come_off_one_after_another_but_never_all_at_once_in_part() -> None:
    assert remaining_points([1, 2, 3], [], [2]) == [1, 3]
    assert remaining_points([1, 2, 3], [2], [3]) == [1]
    for points, accepted, coming_off in (
        ([], [], [1]),
        ([1, 2], [], [3]),
        ([1, 2], [1], [1]),
        ([1, 2], [1], [2]),
        ([1, 2], [], []),
    ):
        with pytest.raises(PointsInvalid):
            remaining_points(points, accepted, coming_off)
