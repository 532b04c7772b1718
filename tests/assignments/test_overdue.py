"""Overdue is told once for every due date, when its day has ended where the cluster is."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.assignments.stand import REASON, Stand, addressee, msk


async def test_overdue_is_told_once_for_every_due_date(stand: Stand) -> None:
    id_ = await stand.one("in_progress")
    for day, clock in (("2023-10-20", "23:59"), ("2023-10-21", "00:01"), ("2023-10-30", "12:00")):
        await stand.days_pass(msk(day, clock))
    assert (await stand.told(id_)).count("overdue") == 1
    at = msk("2023-10-30", "13:00")
    await stand.do("controller", id_, "redate", {"due": "2023-11-10", **REASON}, at=at)
    await stand.days_pass(msk("2023-11-10", "23:59"))
    assert (await stand.told(id_)).count("overdue") == 1
    await stand.days_pass(msk("2023-11-11", "00:01"))
    await stand.days_pass(msk("2023-11-12"))
    assert (await stand.told(id_)).count("overdue") == 2


async def test_what_is_handed_in_is_not_overdue_and_what_waits_for_the_coordinator_is(
    stand: Stand,
) -> None:
    handed_in, waiting, ended = [
        await stand.one(status) for status in ("forwarded", "submitted", "accepted")
    ]
    await stand.days_pass(msk("2023-10-21"))
    assert "overdue" not in await stand.told(handed_in)
    assert "overdue" not in await stand.told(ended)
    assert (await stand.told(waiting))[-1] == "overdue"


@pytest.mark.parametrize(
    ("zone", "last"),
    [
        ("Asia/Kamchatka", datetime(2023, 10, 20, 11, 59, tzinfo=UTC)),
        ("Europe/Kaliningrad", datetime(2023, 10, 20, 21, 59, tzinfo=UTC)),
    ],
)
async def test_a_due_day_ends_where_the_cluster_is(stand: Stand, zone: str, last: datetime) -> None:
    stand.clusters.addressees = [addressee(timezone=zone)]
    id_ = await stand.one()
    await stand.days_pass(last)
    assert "overdue" not in await stand.told(id_)
    await stand.days_pass(last + timedelta(minutes=2))
    assert (await stand.told(id_))[-1] == "overdue"


async def test_a_forwarding_begun_before_midnight_keeps_its_day_behind_the_overdue_mark(
    stand: Stand,
) -> None:
    id_ = await stand.one("submitted")
    mark = msk("2023-10-21", "00:01")
    await stand.days_pass(mark)
    assert (await stand.told(id_))[-1] == "overdue"

    forwarded = await stand.do("coordinator", id_, "forward", at=msk("2023-10-20", "23:59"))

    assert forwarded["done"] == "2023-10-20"
    # The facts' instants never go back all the same.
    assert datetime.fromisoformat(forwarded["occurred_at"]) == mark
