"""«Appoint a coordinator»: closed by there being one today, however that came to be known."""

from datetime import date

from services.assignments.consumers import issue
from shared.db import transaction
from shared.event_router import Circumstances
from shared.events.directory import AppointmentEnded
from shared.events.meetings import AddresseeKind, Addressees
from tests.assignments.stand import AUTHORITY, Stand, addressee, appointed, msk
from tests.factories import SIGNED_AT, make_item, make_protocol


async def _appoint_one(stand: Stand) -> str:
    """The authority of region 77 is to appoint a coordinator by protocol of 4 October."""
    stand.clusters.addressees = [addressee(None, **AUTHORITY, region="77", coordinator_id=None)]
    addressees = Addressees(kind=AddresseeKind.AUTHORITY)
    item = make_item(addressees=addressees, closes_on="coordinator_appointed")
    async with transaction(stand.sessions) as session:
        session.info[Circumstances] = Circumstances(SIGNED_AT, stand.to_directory)
        await issue(session, [make_protocol(item)])
    [found] = (await stand.get("/v1/executions?region=77"))["items"]
    assert found["status"] == "issued"
    return str(found["id"])


async def test_a_tenure_of_the_past_entered_now_closes_nothing(stand: Stand) -> None:
    id_ = await _appoint_one(stand)
    past = appointed(region="77", valid_from=date(2022, 9, 1), valid_to=date(2023, 6, 30))
    await stand.hear(past, at=msk("2023-10-05"))
    await stand.days_pass(msk("2023-10-05"))
    assert await stand.told(id_) == ["issued"]


async def test_an_appointment_heard_anew_after_its_end_closes_nothing(stand: Stand) -> None:
    made = appointed(region="77")
    over = AppointmentEnded(**{**made.model_dump(), "version": 2, "valid_to": date(2023, 9, 30)})
    await stand.hear(made, over)
    id_ = await _appoint_one(stand)
    await stand.hear(made, over, at=msk("2023-10-06"))
    assert await stand.told(id_) == ["issued"]


async def test_an_appointment_from_a_day_to_come_closes_on_that_day(stand: Stand) -> None:
    await stand.hear(appointed(region="77", valid_from=date(2023, 10, 9)), at=msk("2023-10-03"))
    # The protocol is heard after the appointment, whose day has not come.
    id_ = await _appoint_one(stand)
    await stand.days_pass(msk("2023-10-08", "23:59"))
    assert (await stand.read(id_))["status"] == "issued"
    await stand.days_pass(msk("2023-10-09", "00:01"))
    closed = await stand.read(id_)
    assert (closed["status"], closed["done"]) == ("accepted", "2023-10-09")
    await stand.days_pass(msk("2023-10-10"))
    assert await stand.told(id_) == ["issued", "accepted"]
