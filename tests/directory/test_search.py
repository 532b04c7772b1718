"""Everything is found by name: in any form of the words, and with a typo."""

from urllib.parse import quote

import httpx
import pytest

from shared.auth import Role
from tests.conftest import Tokens
from tests.directory.conftest import Ask, Create

MEANT = {
    "Татарстан": "Республика Татарстан (Татарстан)",
    "татрстан": "Республика Татарстан (Татарстан)",
    "ТАТАРСТАНА": "Республика Татарстан (Татарстан)",
    "16": "Республика Татарстан (Татарстан)",
    "Башкартостан": "Республика Башкортостан",
    "кластеры машиностроения": "Кластер «Машиностроение» № 1",
    "машиностроене": "Кластер «Машиностроение» № 1",
    "16-2022-01": "Кластер «Машиностроение» № 1",
    "емкостной завод": "Казанский ёмкостный завод",
    "«Смена»": "ВДЦ «Смена»",
    "ИРПО": "ИРПО",
    "ивановой анне": "Иванова Анна Сергеевна",
    "Ивонова": "Иванова Анна Сергеевна",
}


@pytest.fixture
async def known(create: Create) -> None:
    await create("clusters")
    await create("clusters", code="77-2023-05", name="Кластер «Металлургия»", region="77")
    await create("organisations", name="Казанский ёмкостный завод", kind="enterprise")
    await create("people", full_name="Иванова Анна Сергеевна")


async def _names(ask: Ask, q: str, query: str = "") -> list[str]:
    answer = await ask("GET", f"/v1/search?q={quote(q)}{query}")
    assert answer.status_code == 200, answer.text
    return [one["name"] for one in answer.json()["items"]]


async def test_the_best_hit_is_what_was_meant(ask: Ask, known: None) -> None:
    found = {q: await _names(ask, q) for q in MEANT}
    assert {q: names[0] if names else None for q, names in found.items()} == MEANT


async def test_what_is_like_nothing_finds_nothing(ask: Ask, known: None) -> None:
    for q in ("квазар", "--", "%%", "& | !", "-машиностроение -татарстан"):
        assert "Кластер «Металлургия»" not in await _names(ask, q)


async def test_kinds_and_a_limit_narrow_the_search(ask: Ask, known: None) -> None:
    both = (await ask("GET", "/v1/search?q=казанский&kind=region&kind=organisation")).json()
    assert {one["kind"] for one in both["items"]} <= {"region", "organisation"}
    assert both["items"][0]["read_at"] == f"/v1/organisations/{both['items'][0]['id']}"
    assert (await ask("GET", both["items"][0]["read_at"])).status_code == 200
    assert len(await _names(ask, "республика", "&limit=3")) == 3


async def test_people_are_found_by_those_who_may_list_them(
    client: httpx.AsyncClient, token: Tokens, known: None
) -> None:
    async def found(who: Role, query: str = "") -> httpx.Response:
        return await client.get(f"/v1/search?q=Иванова{query}", headers=token(who))

    for role in sorted(set(Role) - {Role.CUR_ADMIN, Role.AUDITOR}):
        named = await found(role, "&kind=person")
        anything = (await found(role)).json()["items"]
        assert (named.status_code, named.json()["code"]) == (403, "permission_denied")
        assert "person" not in {one["kind"] for one in anything}
    [person] = (await found(Role.AUDITOR, "&kind=person")).json()["items"]
    assert person["name"] == "Иванова Анна Сергеевна"
    assert set(person) == {"kind", "id", "code", "name", "region", "score", "read_at"}


async def test_a_bad_search_names_the_parameter(ask: Ask) -> None:
    bad = {
        "q=": "query.q",
        "q=a": "query.q",
        "q=%00%00": "query.q",
        "q=" + "а" * 201: "query.q",
        "q=aa&kind=nobody": "query.kind.0",
        "q=aa&limit=51": "query.limit",
        "": "query.q",
    }
    refused = {query: await ask("GET", f"/v1/search?{query}") for query in bad}
    assert {one.status_code for one in refused.values()} == {422}
    assert {query: one.json()["errors"][0]["field"] for query, one in refused.items()} == bad
