"""The pure rules of meetings and protocols."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from itertools import product
from typing import Any, Final
from uuid import UUID

import pytest

from services.meetings.domain.items import (
    ClosesOnNotForClusters,
    ClusterFacts,
    Reach,
    SelectorNotForAuthorities,
    check_shape,
    reach,
)
from services.meetings.domain.meetings import (
    TRANSITIONS,
    MeetingActionNotAllowed,
    MeetingCommand,
    MeetingNotStarted,
    MeetingStatus,
    Series,
    next_status,
)
from services.meetings.domain.protocols import (
    DueBeforeSigning,
    DueOutOfCalendar,
    LeadNotAtWork,
    MeetingNotHeld,
    ProtocolEmpty,
    check_approvable,
)
from services.meetings.domain.sealing import (
    MAX_PROTOCOL_ITEMS,
    ItemContent,
    MeetingContent,
    ProtocolTooLarge,
    canonical,
    check_size,
    content_hash,
)
from shared.events.meetings import AddresseeKind, Addressees, Control, Priority
from tests.meetings.factories import cluster_id

START: Final = datetime(2023, 10, 4, 7, tzinfo=UTC)
FORBIDDEN: Final = sorted(set(product(MeetingStatus, MeetingCommand)) - TRANSITIONS.keys())
EVERYONE: Final = Addressees(kind=AddresseeKind.CLUSTER)
MEETING: Final = MeetingContent(
    id=UUID(int=1),
    title="Совещание",
    series=Series.UNIFIED,
    starts_at=START,
    duration_minutes=60,
    place=None,
)
ITEM: Final = ItemContent(
    id=UUID(int=2),
    position=1,
    text="Представить план.",
    priority=Priority.PLANNED,
    due_on=date(2023, 10, 20),
    addressees=EVERYONE,
    agenda_item_id=None,
    closes_on=None,
)
SECOND: Final = replace(ITEM, id=UUID(int=3), position=2, text="Отчитаться.")
CLUSTERS: Final = [
    ClusterFacts(cluster_id(1), "16", "mechanical-engineering", 2022),
    ClusterFacts(cluster_id(2), "16", "himiya", 2023),
    ClusterFacts(cluster_id(3), "63", "himiya", 2022),
]


@pytest.mark.parametrize(("status", "command"), FORBIDDEN)
def test_a_meeting_that_is_over_stays_as_it_is(
    status: MeetingStatus, command: MeetingCommand
) -> None:
    with pytest.raises(MeetingActionNotAllowed):
        next_status(status, command, starts_at=START, now=START)


def test_a_meeting_is_held_from_its_very_start_and_not_a_moment_before() -> None:
    at = {"starts_at": START}

    held = next_status(MeetingStatus.SCHEDULED, MeetingCommand.HOLD, now=START, **at)

    assert held is MeetingStatus.HELD
    early = START - timedelta(microseconds=1)
    with pytest.raises(MeetingNotStarted):
        next_status(MeetingStatus.SCHEDULED, MeetingCommand.HOLD, now=early, **at)


def test_a_meeting_begins_at_most_an_hour_before_its_time() -> None:
    begin = partial(next_status, MeetingStatus.SCHEDULED, MeetingCommand.START, starts_at=START)

    assert begin(now=START - timedelta(hours=1)) is MeetingStatus.IN_PROGRESS
    with pytest.raises(MeetingNotStarted, match="не раньше чем за час"):
        begin(now=START - timedelta(hours=1, microseconds=1))


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ({}, Reach(3, 2)),
        ({"regions": ("16",)}, Reach(2, 1)),
        ({"cohorts": (2022,)}, Reach(2, 2)),
        ({"cohorts": (2022, 2023), "industries": ("himiya",)}, Reach(2, 2)),
        ({"clusters": (cluster_id(3),)}, Reach(1, 1)),
        ({"clusters": (cluster_id(3),), "regions": ("16",)}, Reach(0, 0)),
        ({"regions": ("77",)}, Reach(0, 0)),
    ],
)
def test_every_list_of_a_selector_narrows_it_further(
    selector: dict[str, Any], expected: Reach
) -> None:
    addressees = Addressees(kind=AddresseeKind.CLUSTER, **selector)

    assert reach(addressees, CLUSTERS, {"16", "63", "77"}) == expected


@pytest.mark.parametrize(("regions", "count"), [((), 3), (("77",), 1)])
def test_authorities_are_one_per_region_whether_it_has_clusters_or_not(
    regions: tuple[str, ...], count: int
) -> None:
    addressees = Addressees(kind=AddresseeKind.AUTHORITY, regions=regions)

    assert reach(addressees, CLUSTERS, {"16", "63", "77"}) == Reach(count, count)


@pytest.mark.parametrize(
    "selector",
    [{"clusters": (cluster_id(1),)}, {"cohorts": (2022,)}, {"industries": ("himiya",)}],
)
def test_authorities_are_not_chosen_by_what_clusters_have(selector: dict[str, Any]) -> None:
    with pytest.raises(SelectorNotForAuthorities) as refusal:
        check_shape(Addressees(kind=AddresseeKind.AUTHORITY, **selector), None)

    assert refusal.value.field == f"body.addressees.{next(iter(selector))}"


def test_only_an_authoritys_item_closes_by_an_appointment() -> None:
    check_shape(Addressees(kind=AddresseeKind.AUTHORITY), "coordinator_appointed")

    with pytest.raises(ClosesOnNotForClusters):
        check_shape(EVERYONE, "coordinator_appointed")


def test_the_hash_depends_on_the_content_and_not_on_how_it_is_held() -> None:
    moscow = START.astimezone(timezone(timedelta(hours=3)))
    same = replace(MEETING, starts_at=moscow)

    assert content_hash(same, [SECOND, ITEM]) == content_hash(MEETING, [ITEM, SECOND])


def test_the_hash_is_that_of_the_documented_bytes() -> None:
    documented = (
        '{"items":[{"addressees":{"clusters":[],"cohorts":[],"industries":[],"kind":"cluster",'
        '"regions":["16"]},"agenda_item_id":null,"closes_on":null,"due_on":"2023-10-20",'
        '"id":"00000000-0000-0000-0000-000000000002","position":1,"priority":"planned",'
        '"text":"Представить «план».\\nСразу."}],"meeting":{"duration_minutes":60,'
        '"id":"00000000-0000-0000-0000-000000000001","place":null,"series":"unified",'
        '"starts_at":"2023-10-04T07:00:00Z","title":"Совещание"}}'
    ).encode()
    addressees = Addressees(kind=AddresseeKind.CLUSTER, regions=("16",))
    item = replace(ITEM, text="Представить «план».\nСразу.", addressees=addressees)

    assert canonical(MEETING, [item]) == documented
    assert content_hash(MEETING, [item]) == hashlib.sha256(documented).hexdigest()


@pytest.mark.parametrize(
    "changed",
    [
        {"text": "Представить другой план."},
        {"priority": Priority.URGENT},
        {"due_on": None},
        {"due_on": date(2023, 10, 21)},
        {"addressees": Addressees(kind=AddresseeKind.CLUSTER, regions=("16",))},
        {"addressees": Addressees(kind=AddresseeKind.AUTHORITY)},
        {"agenda_item_id": UUID(int=9)},
        {"closes_on": "coordinator_appointed"},
        {"position": 3},
        {"id": UUID(int=9)},
    ],
    ids=str,
)
def test_the_hash_changes_with_anything_an_item_says(changed: dict[str, Any]) -> None:
    other = replace(ITEM, **changed)

    assert content_hash(MEETING, [other]) != content_hash(MEETING, [ITEM])


@pytest.mark.parametrize(
    "changed",
    [
        {"id": UUID(int=9)},
        {"title": "Другое"},
        {"series": Series.OTHER},
        {"starts_at": START + timedelta(seconds=1)},
        {"duration_minutes": 61},
        {"place": "Зал"},
    ],
    ids=str,
)
def test_the_hash_changes_with_anything_said_of_the_meeting(changed: dict[str, Any]) -> None:
    assert content_hash(replace(MEETING, **changed), [ITEM]) != content_hash(MEETING, [ITEM])


def test_the_hash_changes_when_items_change_places() -> None:
    swapped = [replace(ITEM, position=2), replace(SECOND, position=1)]

    assert content_hash(MEETING, swapped) != content_hash(MEETING, [ITEM, SECOND])


def test_a_protocol_holds_a_hundred_items_and_not_one_more() -> None:
    items = [replace(ITEM, position=n) for n in range(1, MAX_PROTOCOL_ITEMS + 1)]
    check_size(MEETING, items)

    with pytest.raises(ProtocolTooLarge):
        check_size(MEETING, [*items, ITEM])


def test_a_protocol_that_would_not_fit_into_one_message_is_refused() -> None:
    with pytest.raises(ProtocolTooLarge):
        check_size(MEETING, [replace(ITEM, text="ы" * 10_000)] * 50)


def _sign(
    *items: ItemContent, meeting: MeetingStatus = MeetingStatus.HELD, on: date = date(2023, 10, 20)
) -> None:
    check_approvable(meeting, items, signed_on=on, at_work=CLUSTERS)


def test_signing_needs_a_meeting_that_was_held_items_and_dates_still_ahead() -> None:
    _sign(ITEM, replace(SECOND, due_on=None))

    with pytest.raises(MeetingNotHeld):
        _sign(ITEM, meeting=MeetingStatus.SCHEDULED)
    with pytest.raises(ProtocolEmpty):
        _sign()
    with pytest.raises(DueBeforeSigning, match=r"2023-10-21.* в пунктах: 1, 2"):
        _sign(ITEM, SECOND, on=date(2023, 10, 21))


def test_nothing_is_signed_that_cannot_become_an_assignment() -> None:
    for beyond in (date(2035, 12, 31), date(2036, 1, 10)):
        with pytest.raises(DueOutOfCalendar, match="в пунктах: 2"):
            _sign(ITEM, replace(SECOND, due_on=beyond))

    def led(*clusters: int, **narrower: Any) -> ItemContent:
        ids = tuple(cluster_id(number) for number in clusters)
        addressees = Addressees(kind=AddresseeKind.CLUSTER, clusters=ids, **narrower)
        helped = Control(co_executors=(cluster_id(3),))
        return replace(SECOND, addressees=addressees, control=helped)

    _sign(led(1))
    # One that is not at work, and one that is not where the item looks for it.
    for nobody in (led(4), led(1, regions=("63",))):
        with pytest.raises(LeadNotAtWork, match="в пунктах: 2"):
            _sign(ITEM, nobody)
