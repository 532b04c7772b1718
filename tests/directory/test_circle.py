"""Nobody learns a stranger's name by naming the stranger's id."""

from typing import Any, Final

import httpx
import pytest

from tests.conftest import Headers, Tokens
from tests.directory.associations import HERE, NOBODY, World
from tests.directory.conftest import Ask

SINCE: Final = {"valid_from": "2023-10-02"}
TERM: Final = {**SINCE, "valid_to": "2024-06-30"}
OFFICE: Final = {"region": "50", "office": "deputy", "valid_from": "2090-01-01"}
NAMED_IN: Final = ("mandate", "lead", "member", "another lead", "another member")


@pytest.fixture
def head(token: Tokens) -> Headers:
    return token("authority_head", regions=["50"])


async def appointed(world: World, **given: str) -> str:
    """Somebody new in an office, of region 16 unless said otherwise; their id."""
    person = await world.person()
    office = {"region": "16", "office": "coordinator", "person_id": person, **SINCE, **given}
    await world.post("/v1/appointments", office)
    return person


async def erase(ask: Ask, person: str) -> None:
    answer = await ask("POST", f"/v1/people/{person}/erasure", {"reason": "Заявление № 1"})
    assert answer.status_code == 201, answer.text


class Association:
    """Metallurgy's way to name people: in each of the places it may."""

    def __init__(
        self, client: httpx.AsyncClient, world: World, headers: Headers, direction: str, own: str
    ) -> None:
        self._client, self._world, self._headers = client, world, headers
        self._direction, self._own = direction, own

    async def group(self, lead: str, *members: str, by: Headers | None = None) -> httpx.Response:
        body = {
            "direction_id": self._direction,
            "name": "Группа",
            "lead_id": lead,
            "members": members,
            **TERM,
        }
        return await self._client.post(f"{HERE}/groups", headers=by or self._headers, json=body)

    async def change(self, path: str, **named: Any) -> httpx.Response:
        return await self._client.patch(path, headers=self._headers, json=named)

    async def charge(self, person: str) -> httpx.Response:
        body = {"kind": "expert", "topic": "Сварка", "person_id": person, **SINCE}
        return await self._client.post(f"{HERE}/mandates", headers=self._headers, json=body)

    async def name(self, person: str, where: str) -> httpx.Response:
        match where:
            case "mandate":
                return await self.charge(person)
            case "lead":
                return await self.group(person, self._own)
            case "member":
                return await self.group(self._own, self._own, person)
        group = await self.group(self._own, self._own, by=self._world.admin)
        path = f"{HERE}/groups/{group.json()['id']}"
        if where == "another lead":
            return await self.change(path, lead_id=person)
        return await self.change(path, members=[self._own, person])


@pytest.fixture
async def association(client: httpx.AsyncClient, world: World, metallurgy: Headers) -> Association:
    direction = await world.post(f"{HERE}/directions", {"name": "Кадры", **SINCE})
    own = await world.person("Вера Своя")
    found = Association(client, world, metallurgy, direction["id"], own)
    assert (await found.charge(own)).status_code == 201
    return found


def told(answer: httpx.Response) -> dict[str, Any]:
    """All that an answer tells but for where and when it was asked."""
    problem: dict[str, Any] = answer.json()
    return {name: problem[name] for name in ("status", "code", "title", "detail", "errors")}


async def known_to(client: httpx.AsyncClient, by: Headers, person: str) -> str | None:
    """The name they are told, if any; never the contacts."""
    answer = await client.get(f"/v1/people/{person}", headers=by)
    if answer.status_code == 404:
        return None
    assert (answer.json()["email"], answer.json()["phone"]) == (None, None)
    return str(answer.json()["full_name"])


@pytest.mark.parametrize("where", NAMED_IN)
@pytest.mark.parametrize("whose", ["in office", "left office", "of another association", "erased"])
async def test_an_association_cannot_name_a_stranger_nor_tell_one_from_nobody(
    client: httpx.AsyncClient,
    world: World,
    ask: Ask,
    metallurgy: Headers,
    association: Association,
    whose: str,
    where: str,
) -> None:
    match whose:
        case "in office":
            stranger = await appointed(world, office="deputy")
        case "of another association":
            stranger = await world.person()
            mandate = {"kind": "chair", "person_id": stranger, **SINCE}
            await world.post("/v1/associations/chemistry/mandates", mandate)
        case _:
            stranger = await appointed(world, valid_from="2023-09-01", valid_to="2023-09-30")
            if whose == "erased":
                await erase(ask, stranger)

    refused = await association.name(stranger, where)
    of_nobody = await association.name(NOBODY, where)

    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_person"), refused.text
    assert told(refused) == told(of_nobody)
    assert await known_to(client, metallurgy, stranger) is None
    kept = [await world.get(f"{HERE}/{what}") for what in ("groups", "mandates")]
    assert stranger not in str(kept)


@pytest.mark.parametrize("since", ["2023-10-02", "2090-01-01"])
@pytest.mark.parametrize("whose", ["in office", "left office", "of an association", "erased"])
async def test_a_head_of_an_authority_cannot_appoint_a_stranger_nor_tell_one_from_nobody(
    client: httpx.AsyncClient,
    world: World,
    ask: Ask,
    head: Headers,
    association: Association,
    whose: str,
    since: str,
) -> None:
    match whose:
        case "in office":
            stranger = await appointed(world)
        case "of an association":
            stranger = await world.person()
            assert (await association.group(stranger, stranger)).status_code == 201
        case _:
            stranger = await appointed(world, valid_from="2023-09-01", valid_to="2023-09-30")
            if whose == "erased":
                await erase(ask, stranger)

    refused, of_nobody = [
        await client.post(
            "/v1/appointments",
            headers=head,
            json={**OFFICE, "valid_from": since, "person_id": person},
        )
        for person in (stranger, NOBODY)
    ]

    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_person"), refused.text
    assert told(refused) == told(of_nobody)
    assert await known_to(client, head, stranger) is None
    assert (await world.get("/v1/appointments?region=50"))["items"] == []


async def test_who_is_new_and_nowhere_yet_is_appointed_or_taken_in_and_then_known(
    client: httpx.AsyncClient,
    world: World,
    head: Headers,
    metallurgy: Headers,
    association: Association,
) -> None:
    hired, *staff = [await world.person(f"Новый № {number}") for number in range(6)]
    unknown = [
        await known_to(client, by, person)
        for by, person in ((head, hired), *((metallurgy, one) for one in staff))
    ]

    office = {**OFFICE, "person_id": hired}
    made = await client.post("/v1/appointments", headers=head, json=office)
    named = [
        await association.name(person, where) for person, where in zip(staff, NAMED_IN, strict=True)
    ]

    assert unknown == [None] * 6
    assert made.status_code == 201, made.text
    assert [one.status_code for one in named] == [201, 201, 201, 200, 200]
    assert await known_to(client, head, hired) == "Новый № 0"
    known = [await known_to(client, metallurgy, one) for one in staff]
    assert known == [f"Новый № {number}" for number in range(1, 6)]
    # The other of the two does not get them for that.
    assert (await association.charge(hired)).json()["code"] == "unknown_person"
    taken = {**OFFICE, "office": "coordinator", "person_id": staff[0]}
    answer = await client.post("/v1/appointments", headers=head, json=taken)
    assert answer.json()["code"] == "unknown_person"


async def test_whom_the_centre_has_erased_is_not_new(
    client: httpx.AsyncClient, world: World, ask: Ask, head: Headers, association: Association
) -> None:
    person = await world.person()
    await erase(ask, person)

    answers = [
        await association.charge(person),
        await client.post("/v1/appointments", headers=head, json={**OFFICE, "person_id": person}),
    ]

    assert [one.json()["code"] for one in answers] == ["unknown_person"] * 2


async def test_what_the_centre_enters_widens_the_circle_and_one_may_go_on_from_there(
    client: httpx.AsyncClient,
    world: World,
    head: Headers,
    metallurgy: Headers,
    association: Association,
) -> None:
    expert, moved = await appointed(world), await appointed(world, office="deputy")
    group = await association.group(expert, expert, by=world.admin)
    assert group.status_code == 201, group.text
    await world.post("/v1/appointments", {**OFFICE, "person_id": moved})

    path = f"{HERE}/groups/{group.json()['id']}"
    later = await association.change(path, valid_to="2024-12-31")
    charged = await association.charge(expert)
    promoted = await client.post(
        "/v1/appointments",
        headers=head,
        json={**OFFICE, "office": "coordinator", "person_id": moved},
    )

    assert [one.status_code for one in (later, charged, promoted)] == [200, 201, 201]
    assert await known_to(client, metallurgy, expert) == "Анна Иванова"
    assert await known_to(client, head, moved) == "Анна Иванова"
    assert await known_to(client, head, expert) is None
