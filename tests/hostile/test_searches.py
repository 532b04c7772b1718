"""Words that mean something to a database, a formula or a header mean nothing here."""

from typing import Any

import httpx
import pytest

from tests.conftest import Tokens
from tests.hostile.asking import Asker
from tests.hostile.operations import Operation, operations
from tests.hostile.searches import ABSURD

WILD = ("%", "_", "%%", "__", "%щщъ%", "\\%", "'; drop table outbox --", "а' or '1'='1", "*", ".*")
SEARCHES = (
    ("directory", "/v1/search", "q"),
    ("directory", "/v1/regions", "federal_district"),
    ("directory", "/v1/audit", "operation"),
    ("assignments", "/v1/executions", "q"),
    ("rating", "/v1/ratings/regions", "q"),
)


@pytest.fixture
async def known(client: httpx.AsyncClient, token: Tokens, service: str) -> None:
    """Something that is there to be found by a wildcard."""
    if service == "directory":
        answer = await client.post("/v1/reference-data/load", headers=token("cur_admin"))
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(("service", "path", "name"), SEARCHES, indirect=["service"])
async def test_a_wildcard_finds_what_is_called_so_and_nothing_else(
    client: httpx.AsyncClient, token: Tokens, known: None, path: str, name: str
) -> None:
    for word in WILD:
        answer = await client.get(path, params={name: word}, headers=token("auditor"))
        if answer.status_code == 422:
            assert answer.json()["errors"][0]["field"] == f"query.{name}"
            continue
        found: Any = answer.json()
        assert answer.status_code == 200, (word, answer.text)
        assert found["items"] == [], word


@pytest.mark.parametrize(
    "operation",
    [one for one in operations() if "q" in {found["name"] for found in one.placed("query")}],
    ids=str,
)
async def test_whatever_is_typed_is_searched_for(
    client: httpx.AsyncClient, token: Tokens, known: None, operation: Operation
) -> None:
    headers = token(operation.roles[0], roles=operation.roles, regions=["16"])
    asker = Asker(client, operation, headers)
    path, query = asker.required()["path"], asker.required()["query"]
    # Where the address names a row, that is looked for first.
    fine = {200, 404} if path else {200}
    for words in ABSURD:
        answer = await asker.ask(path, {**query, "q": words}, None)
        assert answer.status_code in fine, (words, answer.text)
