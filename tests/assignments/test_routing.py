"""Executions lie with whoever is the region's coordinator today."""

from datetime import date
from uuid import UUID

from services.assignments.models import Execution
from shared.events.directory import AppointmentEnded
from tests.assignments.stand import NEXT_PERSON, PERSON, Stand, addressee, appointed, msk


async def test_work_changes_hands_with_the_coordinator_as_days_pass(stand: Stand) -> None:
    stand.clusters.addressees = [
        addressee(region="41", timezone="Asia/Kamchatka", coordinator_id=None)
    ]
    [found] = await stand.of(await stand.issue())
    id_ = found["id"]
    assert found["status"] == "issued"
    old = appointed(region="41", valid_from=date(2023, 10, 3))
    await stand.hear(old, at=msk("2023-10-02"))
    # In Kamchatka the 3rd begins at 15:00 in Moscow.
    await stand.days_pass(msk("2023-10-02", "14:59"))
    assert (await stand.read(id_))["status"] == "issued"
    await stand.days_pass(msk("2023-10-02", "15:01"))
    routed = await stand.read(id_)
    assert (routed["status"], routed["coordinator_id"]) == ("routed", str(PERSON))

    facts = {**old.model_dump(), "version": 2, "valid_to": date(2023, 10, 10)}
    await stand.hear(AppointmentEnded(**facts), at=msk("2023-10-05"))
    following = appointed(NEXT_PERSON, region="41", valid_from=date(2023, 10, 12))
    await stand.hear(following, at=msk("2023-10-05"))
    # Where the office is vacant, the work stays with whoever had it.
    await stand.days_pass(msk("2023-10-11"))
    assert (await stand.read(id_))["coordinator_id"] == str(PERSON)
    await stand.days_pass(msk("2023-10-12"))
    await stand.days_pass(msk("2023-10-13"))
    assert (await stand.read(id_))["coordinator_id"] == str(NEXT_PERSON)
    assert await stand.told(id_) == ["issued", "routed", "rerouted"]


async def test_what_has_ended_stays_with_its_coordinator(stand: Stand) -> None:
    id_ = await stand.one("accepted")
    async with stand.sessions() as session:
        version = (await session.get_one(Execution, UUID(id_))).version
    await stand.hear(appointed(region="77"))
    await stand.days_pass(msk("2023-10-12"))
    assert (await stand.read(id_))["version"] == version


async def test_two_coordinators_of_one_day_do_not_pass_work_to_and_fro(stand: Stand) -> None:
    kept = await stand.one()
    # The directory came back from an older backup: nobody has told that PERSON's tenure ended.
    await stand.appoint(NEXT_PERSON, valid_from=date(2023, 9, 15))
    stand.clusters.addressees = [addressee(coordinator_id=None)]
    [waiting] = await stand.of(await stand.issue())

    for _ in range(2):
        await stand.days_pass(msk("2023-10-03"))

    assert await stand.told(kept) == ["issued", "routed"]
    assert await stand.told(waiting["id"]) == ["issued", "routed"]
    # Of two, the one whose days began later.
    assert (await stand.read(waiting["id"]))["coordinator_id"] == str(NEXT_PERSON)
