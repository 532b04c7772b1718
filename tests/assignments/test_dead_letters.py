from datetime import UTC, datetime
from uuid import uuid4

import httpx
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.models import Tenure
from shared import dead_letters
from shared.envelopes import Message
from shared.events.directory import AppointmentMade
from shared.tables import DeadLetter
from tests.conftest import Tokens

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
