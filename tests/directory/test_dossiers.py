"""The dossier of a person in the services that hold copies: the directory says who it is."""

import importlib
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import HttpUrl

from shared.clients.base import ServiceClient
from shared.clock import Clock
from tests.conftest import Tokens, serve, sessions_of, settings_for
from tests.directory.test_copies import database, put_copies
from tests.directory.test_erasures import EMAIL, NAME, SUBJECT, named_in

FOUND: Final = {
    "assignments": {"notifications", "saved_views", "absences"},
    "meetings": {"calendar_feeds", "attendance_imports"},
    "rating": {"slice_letters"},
}


async def dossier(
    databases: dict[str, str], token: Tokens, service: str, asked: UUID, person: UUID
) -> httpx.Response:
    """The service holds copies about the person, and is asked about one."""

    def directory(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "x", "expires_in": 300})
        if request.url.path != f"/v1/people/{person}":
            return httpx.Response(404, json={})
        return httpx.Response(200, json={"full_name": NAME, "email": EMAIL, "phone": None})

    settings = settings_for(databases[service])
    settings.oidc_token_url = HttpUrl("http://issuer/token")
    app = importlib.import_module(f"services.{service}.main").app
    async with (
        database(databases, service) as session,
        httpx.AsyncClient(transport=httpx.MockTransport(directory)) as to_directory,
    ):
        await put_copies(session, service, person)
        transport = serve(
            app,
            settings,
            sessions=sessions_of(session),
            clock=Clock(),
            client=ServiceClient(to_directory, settings),
        )
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(
                f"/v1/people/{asked}/dossier",
                params={"subject": SUBJECT},
                headers=token("auditor"),
            )


@pytest.mark.parametrize("service_of", FOUND)
async def test_it_finds_whatever_names_the_person(
    databases: dict[str, str], token: Tokens, service_of: str
) -> None:
    anna = uuid4()

    answer = await dossier(databases, token, service_of, anna, anna)

    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert {one["table"] for one in found["tables"]} == FOUND[service_of]
    assert all(one["total"] == len(one["rows"]) for one in found["tables"])
    assert all(row["found_in"] for one in found["tables"] for row in one["rows"])
    assert named_in(answer.text.lower()) == [NAME, EMAIL]
    assert found["looked_for"] == [NAME, EMAIL, str(anna), SUBJECT]


async def test_whom_the_directory_does_not_know_nobody_does(
    databases: dict[str, str], token: Tokens
) -> None:
    answer = await dossier(databases, token, "rating", uuid4(), uuid4())

    assert (answer.status_code, answer.json()["code"]) == (404, "person_not_found")
