from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.consumers import hear, issue
from services.assignments.domain.executions import Addressee as Kind
from services.assignments.domain.executions import Status
from services.assignments.models import Assignment, Execution, ExecutionStep
from shared.clients.base import ServiceClient
from shared.clients.directory import Addressee
from shared.event_router import Circumstances
from shared.events.assignments import ExecutionIssued
from shared.events.directory import AppointmentEnded, AppointmentMade
from shared.events.meetings import AddresseeKind, Addressees
from shared.tables import OutboxRecord
from tests.conftest import NOW, settings_for
from tests.factories import SIGNED_AT, make_addressee, make_item, make_protocol

AUTHORITIES = Addressees(kind=AddresseeKind.AUTHORITY)


class DirectoryStandIn:
    """The directory at the end of the wire: answers with whoever the test puts into it."""

    def __init__(self) -> None:
        self.addressees: Sequence[Addressee] = ()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "t", "expires_in": 3600})
        assert request.url.path == "/v1/addressees/resolve"
        items = [addressee.model_dump(mode="json") for addressee in self.addressees]
        return httpx.Response(200, json={"at": "2023-10-04", "items": items})


@pytest.fixture
async def directory(
    session: AsyncSession, databases: dict[str, str], service: str
) -> AsyncIterator[DirectoryStandIn]:
    stand_in = DirectoryStandIn()
    settings = settings_for(databases[service], oidc_token_url="http://issuer.test/token")
    async with httpx.AsyncClient(transport=httpx.MockTransport(stand_in)) as http:
        client = ServiceClient(http, settings)
        session.info[Circumstances] = Circumstances(NOW, client)
        yield stand_in


async def _all(session: AsyncSession, model: Any) -> list[Any]:
    return list((await session.exec(select(model))).all())


async def test_an_item_becomes_one_execution_per_addressee_routed_to_the_coordinator(
    session: AsyncSession, directory: DirectoryStandIn
) -> None:
    directory.addressees = [make_addressee() for _ in range(3)]
    protocol = make_protocol()

    await issue(session, [protocol])

    (assignment,) = await _all(session, Assignment)
    executions = await _all(session, Execution)
    assert (assignment.number, assignment.weight, assignment.executions) == ("7/2023 п. 1", 2, 3)
    assert {execution.cluster_id for execution in executions} == {
        addressee.cluster_id for addressee in directory.addressees
    }
    assert {(execution.status, execution.version) for execution in executions} == {
        (Status.ROUTED, 2)
    }
    assert {execution.occurred_at for execution in executions} == {SIGNED_AT}


async def test_hearing_of_a_protocol_again_makes_nothing_new(
    session: AsyncSession, directory: DirectoryStandIn
) -> None:
    directory.addressees = [make_addressee() for _ in range(3)]
    protocol = make_protocol(make_item(), make_item(position=2))

    await issue(session, [protocol, protocol])
    await issue(session, [protocol])

    assert len(await _all(session, Assignment)) == 2
    assert len(await _all(session, Execution)) == 6
    assert len(await _all(session, OutboxRecord)) == 2 + 6 * 2


async def test_every_version_of_an_execution_is_exactly_one_event_and_one_step(
    session: AsyncSession, directory: DirectoryStandIn
) -> None:
    directory.addressees = [make_addressee(), make_addressee(coordinator_id=None)]

    await issue(session, [make_protocol()])

    statement = select(OutboxRecord).where(col(OutboxRecord.topic) == ExecutionIssued.topic)
    told = sorted(
        (row.key, ExecutionIssued.model_validate_json(row.data).version)
        for row in await session.exec(statement)
    )
    steps = sorted((str(s.execution_id), s.version) for s in await _all(session, ExecutionStep))
    assert told == steps
    assert len(told) == 3


async def test_an_appointment_routes_what_waited_for_it(
    session: AsyncSession, directory: DirectoryStandIn
) -> None:
    directory.addressees = [
        make_addressee(coordinator_id=None),
        make_addressee(coordinator_id=None, region="77"),
    ]
    await issue(session, [make_protocol()])

    await hear(session, [_appointed("16")])

    executions = {execution.region: execution for execution in await _all(session, Execution)}
    assert (executions["16"].status, executions["77"].status) == (Status.ROUTED, Status.ISSUED)


async def test_a_tenure_that_is_over_routes_nothing_and_one_with_an_end_does(
    session: AsyncSession, directory: DirectoryStandIn
) -> None:
    directory.addressees = [make_addressee(coordinator_id=None)]
    await issue(session, [make_protocol()])
    over = {**_appointed("16").model_dump(), "valid_to": date(2023, 10, 3), "version": 2}
    over["valid_from"] = date(2023, 9, 1)

    await hear(session, [AppointmentEnded(**over)])
    (execution,) = await _all(session, Execution)
    assert execution.status is Status.ISSUED

    term = {**_appointed("16").model_dump(), "valid_to": date(2023, 12, 31)}
    await hear(session, [AppointmentMade(**term)])
    session.expunge_all()
    (execution,) = await _all(session, Execution)
    assert execution.status is Status.ROUTED


async def test_the_appointment_itself_closes_the_authoritys_execution(
    session: AsyncSession, directory: DirectoryStandIn
) -> None:
    authority = {"cluster_id": None, "cohort": None, "industry": None}
    directory.addressees = [
        make_addressee(**authority, coordinator_id=None, region="16"),
        make_addressee(**authority, coordinator_id=uuid4(), region="77"),
    ]
    item = make_item(addressees=AUTHORITIES, closes_on="coordinator_appointed")
    await issue(session, [make_protocol(item)])

    await hear(session, [_appointed("16"), _appointed("16")])

    for execution in await _all(session, Execution):
        assert execution.addressee is Kind.AUTHORITY
        assert (execution.status, execution.version) == (Status.ACCEPTED, 2)
        assert execution.done == execution.occurred_at.date()


def _appointed(region: str) -> AppointmentMade:
    return AppointmentMade(
        version=1,
        occurred_at=SIGNED_AT + timedelta(hours=2),
        appointment_id=uuid4(),
        region=region,
        office="coordinator",
        person_id=uuid4(),
        valid_from=date(2023, 10, 4),
        valid_to=None,
    )
