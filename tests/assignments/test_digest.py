"""The digest of facts over HTTP; that it is the right number, `tests/shared/test_digests` says."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from shared import outbox
from tests.conftest import NOW, Headers, Tokens
from tests.independent import digests
from tests.shared.test_transport import fact

PATH = "/v1/executions/digest"


@pytest.fixture
def auditor(token: Tokens) -> Headers:
    return token("auditor")


async def read(client: httpx.AsyncClient, headers: Headers, **params: str) -> Any:
    response = await client.get(PATH, params=params, headers=headers)
    assert response.status_code == 200, response.text
    return response.json()


async def test_every_version_up_to_the_instant_is_in_it(
    client: httpx.AsyncClient, session: AsyncSession, auditor: Headers
) -> None:
    first = fact("16", occurred_at=NOW - timedelta(hours=2))
    second = first.model_copy(update={"version": 2, "occurred_at": NOW - timedelta(hours=1)})
    other = fact("77", occurred_at=NOW - timedelta(hours=1))
    await outbox.add(session, [first, second, other])

    now = await read(client, auditor)
    then = await read(client, auditor, as_of=(NOW - timedelta(hours=2)).isoformat())

    assert [one["region"] for one in now["items"]] == ["16", "77"]
    assert [(one["executions"], one["versions"]) for one in now["items"]] == [(1, 2), (1, 1)]
    assert now["items"][0]["digest"] == digests.digest([first.model_dump(), second.model_dump()])
    assert then["items"] == [
        {
            "region": "16",
            "executions": 1,
            "versions": 1,
            "digest": digests.digest([first.model_dump()]),
        }
    ]
    assert (now["as_of"], then["as_of"]) == ("2023-10-02T09:00:00Z", "2023-10-02T07:00:00Z")


async def test_nothing_issued_is_an_empty_list(client: httpx.AsyncClient, auditor: Headers) -> None:
    assert (await read(client, auditor))["items"] == []


@pytest.mark.parametrize("as_of", ["yesterday", "2023-10-02", "0001-01-01T00:00:00Z", "1e400"])
async def test_an_instant_that_is_none_is_refused_by_name(
    client: httpx.AsyncClient, auditor: Headers, as_of: str
) -> None:
    refused = await client.get(PATH, params={"as_of": as_of}, headers=auditor)
    assert refused.status_code == 422
    assert [one["field"] for one in refused.json()["errors"]] == ["query.as_of"]


async def test_it_is_for_services_and_auditors(client: httpx.AsyncClient, token: Tokens) -> None:
    assert (await client.get(PATH)).status_code == 401
    for role in ("coordinator", "cluster", "platform", "secretary"):
        assert (await client.get(PATH, headers=token(role))).status_code == 403
    for role in ("service", "auditor", "cur_admin"):
        assert (await client.get(PATH, headers=token(role))).status_code == 200
