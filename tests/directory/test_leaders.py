"""Slices and practices propose leaders; a person makes them leaders."""

from itertools import permutations
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.consumers import events, propose_leaders
from services.directory.models import Leader
from shared.events.directory import LeaderConfirmed
from shared.events.rating import SliceEvent, SliceFrozen, SliceLine, SlicePublished, SliceRevised
from shared.tables import OutboxRecord
from tests.conftest import NOW, Headers, Tokens
from tests.directory.associations import World

REASON = {"reason": "Первое место и лучшая практика года"}


def told(
    kind: type[SliceEvent], regions: dict[str, tuple[int | None, str]], *, revision: int = 0
) -> SliceEvent:
    lines = [
        {
            "region": region,
            "raw_bp": 9000,
            "stabilised_bp": 9720,
            "zone": zone,
            "place": place,
        }
        for region, (place, zone) in regions.items()
    ]
    return kind(
        version=1,
        occurred_at=NOW,
        slice_id=uuid4(),
        period="2023-10",
        revision=revision,
        reason=None,
        status="frozen",
        methodology="reru-1",
        methodology_version=1,
        mu_bp=8000,
        national_raw_bp=8500,
        inputs_hash="a",
        result_hash="b",
        frozen_at=NOW,
        items=tuple(SliceLine.model_validate(line) for line in lines),
    )


FIRST = told(SliceFrozen, {"16": (1, "green"), "74": (2, "green"), "59": (6, "green")})
REVISED = told(
    SliceRevised, {"16": (1, "green"), "74": (2, "yellow"), "02": (2, "green")}, revision=1
)
PUBLISHED = told(SlicePublished, {"16": (1, "green"), "02": (2, "green")}, revision=1)


async def found(session: AsyncSession) -> dict[str, str]:
    rows = (await session.exec(select(Leader))).all()
    return {row.subject: row.status.value for row in rows}


async def test_a_slice_proposes_the_regions_placed_high_enough_in_the_zone(
    world: World, session: AsyncSession
) -> None:
    await propose_leaders(session, [FIRST])
    listed = (await world.get("/v1/leaders"))["items"]
    assert [(item["kind"], item["subject"], item["status"]) for item in listed] == [
        ("region", "16", "proposed"),
        ("region", "74", "proposed"),
    ]
    assert listed[0]["basis"] == "Срез рейтинга за 2023-10: место 1, оценка 97,20."
    assert events.topics == {"rating.slices"}


@pytest.mark.parametrize("delivery", list(permutations([FIRST, REVISED, PUBLISHED, FIRST])))
async def test_the_newest_revision_proposes_however_slices_arrive(
    session: AsyncSession, delivery: tuple[SliceEvent, ...]
) -> None:
    for event in delivery:
        await propose_leaders(session, [event])
    standing = {
        subject for subject, status in (await found(session)).items() if status == "proposed"
    }
    assert standing == {"16", "02"}


async def test_a_revision_takes_back_no_decision_of_a_person(
    world: World, session: AsyncSession
) -> None:
    await propose_leaders(session, [FIRST])
    listed = {item["subject"]: item for item in (await world.get("/v1/leaders"))["items"]}
    await world.post(f"/v1/leaders/{listed['74']['id']}/confirm", REASON, ok=200)
    await propose_leaders(session, [REVISED])
    assert await found(session) == {"16": "proposed", "74": "confirmed", "02": "proposed"}


async def test_nobody_is_a_leader_before_a_person_says_so_with_a_reason(
    world: World, session: AsyncSession, token: Tokens, metallurgy: Headers
) -> None:
    await propose_leaders(session, [FIRST])
    readers = [token("coordinator", regions=["16"]), token("operator"), metallurgy]
    before = [(await world.get("/v1/leaders", by=who))["items"] for who in readers]
    leader, other = (await world.get("/v1/leaders?kind=region"))["items"]
    path = f"/v1/leaders/{leader['id']}"

    empty = await world.post(f"{path}/confirm", {"reason": " "}, ok=None)
    foreign = await world.post(f"{path}/confirm", REASON, by=metallurgy, ok=None)
    unread = await _confirmed(session)
    confirmed = await world.post(f"{path}/confirm", REASON, ok=200)
    again = await world.post(f"{path}/decline", REASON, ok=None)
    declined = await world.post(f"/v1/leaders/{other['id']}/decline", REASON, ok=200)

    assert before == [[], [], []]
    assert empty == (422, "invalid_request")
    assert foreign == (404, "leader_not_found")
    assert (unread, len(await _confirmed(session))) == ([], 1)
    assert (confirmed["status"], confirmed["reason"]) == ("confirmed", REASON["reason"])
    assert again == (409, "leader_already_decided")
    assert declined["status"] == "declined"
    after = [(await world.get("/v1/leaders", by=who))["items"] for who in readers]
    assert [[item["subject"] for item in items] for items in after] == [["16"]] * 3


async def _confirmed(session: AsyncSession) -> list[Any]:
    statement = select(OutboxRecord).where(OutboxRecord.type == LeaderConfirmed.type)
    return list((await session.exec(statement)).all())
