from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
import stamina
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.consumers import events
from services.assignments.models import Assignment, Tenure
from shared import dead_letters
from shared.clients.base import CalleeAway, ServiceClient
from shared.clock import Clock
from shared.consumer import Consumer
from shared.envelopes import Message, feed_line
from shared.events.directory import AppointmentMade
from shared.events.meetings import AddresseeKind, Addressees, ProtocolApproved
from shared.tables import DeadLetter
from tests.conftest import Tokens, sessions_of, settings_for
from tests.factories import make_addressee, make_item, make_protocol

READABLE = AppointmentMade(
    version=1,
    occurred_at=datetime(2023, 10, 2, 9, tzinfo=UTC),
    appointment_id=uuid4(),
    region="16",
    office="coordinator",
    person_id=uuid4(),
    valid_from=datetime(2023, 10, 2, tzinfo=UTC).date(),
    valid_to=None,
).model_dump_json()


async def _put_aside(session: AsyncSession, data: str) -> int:
    message = Message(
        "directory.appointments", 3, AppointmentMade.type, str(uuid4()), 5, data.encode()
    )
    await dead_letters.keep(session, message, "a handler of yesterday refused it")
    await session.flush()
    letter = (await session.exec(select(DeadLetter))).one()
    assert letter.id is not None
    return letter.id


async def test_a_dead_letter_is_listed_shown_and_replayed_once(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    letter = await _put_aside(session, READABLE)
    admin = token("cur_admin")

    listed = await client.get("/v1/dead-letters", headers=admin)
    shown = await client.get(f"/v1/dead-letters/{letter}", headers=token("auditor"))
    replayed = await client.post(f"/v1/dead-letters/{letter}/replay", headers=admin)
    again = await client.post(f"/v1/dead-letters/{letter}/replay", headers=admin)

    assert [item["id"] for item in listed.json()["items"]] == [letter]
    assert shown.json()["reason"] == "a handler of yesterday refused it"
    assert replayed.json()["replayed_at"] is not None
    assert (again.status_code, again.json()["code"]) == (409, "dead_letter_replayed")
    assert len((await session.exec(select(Tenure))).all()) == 1


async def test_what_is_still_unreadable_stays(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens
) -> None:
    letter = await _put_aside(session, '{"region": "16"}')

    response = await client.post(f"/v1/dead-letters/{letter}/replay", headers=token("cur_admin"))

    assert (response.status_code, response.json()["code"]) == (409, "dead_letter_still_invalid")
    shown = await client.get(f"/v1/dead-letters/{letter}", headers=token("cur_admin"))
    assert shown.json()["replayed_at"] is None


async def test_dead_letters_are_for_few(client: httpx.AsyncClient, token: Tokens) -> None:
    response = await client.get("/v1/dead-letters", headers=token("coordinator", regions=["16"]))
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")


class Neighbours:
    """The meetings' log, and a directory that knows one industry; both at the end of the wire."""

    def __init__(self, *told: ProtocolApproved) -> None:
        self.told = told
        # What the directory says of an industry it does not know.
        self.says = 422

    def __call__(self, request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/token":
                return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
            case "/v1/addressees/resolve":
                if b"alchemy" in request.content:
                    return httpx.Response(self.says, json={"code": "unknown_industry"})
                one = make_addressee().model_dump(mode="json")
                return httpx.Response(200, json={"items": [one]})
            case _:
                lines = [
                    feed_line(
                        one.topic,
                        one.type,
                        uuid4(),
                        one.key,
                        one.occurred_at,
                        n,
                        one.model_dump_json(),
                    )
                    for n, one in enumerate(self.told, 1)
                    if n > int(request.url.params["after"])
                ]
                return httpx.Response(200, content=b"".join(lines))

    async def hear(self, session: AsyncSession, dsn: str) -> None:
        settings = settings_for(dsn, oidc_token_url="http://issuer.test/token")
        async with httpx.AsyncClient(transport=httpx.MockTransport(self)) as http:
            client = ServiceClient(http, settings)
            streams = [(ProtocolApproved.topic, 0)]
            consumer = Consumer(events, sessions_of(session), client, streams, Clock())
            await consumer.load()
            await consumer.catch_up()


def _for_alchemists() -> ProtocolApproved:
    known = make_item()
    unknown = make_item(
        position=2, addressees=Addressees(kind=AddresseeKind.CLUSTER, industries=("alchemy",))
    )
    return make_protocol(known, unknown)


async def test_a_protocol_for_whom_the_directory_does_not_know_holds_up_no_other(
    session: AsyncSession, databases: dict[str, str]
) -> None:
    before, refused, after = make_protocol(), _for_alchemists(), make_protocol()

    await Neighbours(before, refused, after).hear(session, databases["assignments"])

    issued = [row.protocol_id for row in await session.exec(select(Assignment))]
    assert set(issued) == {before.protocol_id, after.protocol_id}
    assert len(issued) == 2
    letter = (await session.exec(select(DeadLetter))).one()
    assert letter.seq == 2
    assert letter.reason.startswith("unknown_addressees: Справочник не знает адресатов пункта 2")


@pytest.mark.parametrize("status", [401, 429, 503])
async def test_a_directory_that_says_nothing_of_the_addressees_is_waited_out(
    session: AsyncSession, databases: dict[str, str], status: int
) -> None:
    neighbours = Neighbours(_for_alchemists())
    neighbours.says = status

    with stamina.set_testing(True, attempts=1), pytest.raises(CalleeAway):
        await neighbours.hear(session, databases["assignments"])

    assert (await session.exec(select(DeadLetter))).all() == []
