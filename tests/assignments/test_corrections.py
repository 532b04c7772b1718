"""An addendum's item takes the place of the assignment it corrects, and of the series it began."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.consumers import issue
from services.assignments.domain.executions import Status
from services.assignments.models import Assignment, Execution, Recurrence
from shared.clients.base import ServiceClient
from shared.event_router import Circumstances
from shared.events.meetings import Control, ProtocolApproved
from tests.conftest import NOW, settings_for
from tests.factories import make_addressee, make_item, make_protocol

ADDRESSEES = [make_addressee() for _ in range(2)]


def _answer(request: httpx.Request) -> httpx.Response:
    if request.url.path == "/token":
        return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
    items = [addressee.model_dump(mode="json") for addressee in ADDRESSEES]
    return httpx.Response(200, json={"at": "2023-10-04", "items": items})


@pytest.fixture(autouse=True)
async def directory(
    session: AsyncSession, databases: dict[str, str], service: str
) -> AsyncIterator[None]:
    """A directory that always names the same two clusters."""
    settings = settings_for(databases[service], oidc_token_url="http://issuer.test/token")
    async with httpx.AsyncClient(transport=httpx.MockTransport(_answer)) as http:
        session.info[Circumstances] = Circumstances(NOW, ServiceClient(http, settings))
        yield


def _addendum(to: ProtocolApproved, *items: Any) -> ProtocolApproved:
    return make_protocol(*items, corrects=to.protocol_id, addendum=1)


async def _assignments(session: AsyncSession) -> dict[str, Assignment]:
    session.expunge_all()
    return {one.number: one for one in await session.exec(select(Assignment))}


async def test_the_addendums_item_takes_the_place_of_what_is_still_open(
    session: AsyncSession,
) -> None:
    protocol = make_protocol(make_item(), make_item(position=2))
    await issue(session, [protocol])
    wrong = protocol.items[0].item_id
    addendum = _addendum(protocol, make_item(supersedes=wrong), make_item(position=2))

    await issue(session, [addendum])
    await issue(session, [addendum, protocol])

    found = await _assignments(session)
    assert sorted(found) == ["7/2023 п. 1", "7/2023 п. 2", "7/2023-Д1 п. 1", "7/2023-Д1 п. 2"]
    successor = found["7/2023-Д1 п. 1"]
    assert found["7/2023 п. 1"].superseded_by == successor.id
    assert [found[number].superseded_by for number in sorted(found)[1:]] == [None] * 3
    statuses = {
        number: set(
            await session.exec(
                select(Execution.status).where(col(Execution.assignment_id) == one.id)
            )
        )
        for number, one in found.items()
    }
    assert statuses.pop("7/2023 п. 1") == {Status.SUPERSEDED}
    assert Status.SUPERSEDED not in set.union(*statuses.values())


async def test_a_series_the_corrected_item_began_ends(session: AsyncSession) -> None:
    monthly = Control(term="monthly", monthly_day=5)
    protocol = make_protocol(make_item(due_on=None, control=monthly))
    await issue(session, [protocol])
    (series,) = await session.exec(select(Recurrence))

    await issue(session, [_addendum(protocol, make_item(supersedes=protocol.items[0].item_id))])

    found = await _assignments(session)
    (ended,) = await session.exec(select(Recurrence).where(col(Recurrence.id) == series.id))
    assert (ended.next_on, ended.ended_at is not None) == (None, True)
    assert "7/2023-Д1 п. 1" in str(ended.ended_why)
    assert found["7/2023 п. 1 (1)"].superseded_by == found["7/2023-Д1 п. 1"].id


async def test_what_was_never_issued_here_is_not_missed(session: AsyncSession) -> None:
    protocol = make_protocol()
    await issue(session, [_addendum(protocol, make_item(supersedes=uuid4()))])

    assert list(await _assignments(session)) == ["7/2023-Д1 п. 1"]
