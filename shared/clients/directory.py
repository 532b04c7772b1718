"""The directory, as other services ask it."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict, TypeAdapter

from shared.clients.base import CalleeRefused, ServiceClient
from shared.events.meetings import Addressees


class Addressee(BaseModel):
    """Someone who will owe an execution, as of a date."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    cluster_id: UUID | None
    region: str
    timezone: str
    cohort: int | None
    industry: str | None
    coordinator_id: UUID | None


_addressees = TypeAdapter(list[Addressee])


async def resolve_addressees(
    client: ServiceClient, addressees: Addressees, *, at: date
) -> list[Addressee]:
    """Who is addressed as of the date, each once. Raises `CalleeAway`, `CalleeRefused`."""
    body = {**addressees.model_dump(mode="json"), "at": at.isoformat()}
    response = await client.request("POST", "directory", "/v1/addressees/resolve", json=body)
    return _addressees.validate_python(response.json()["items"])


async def heads_of_authorities(client: ServiceClient, *, at: date) -> dict[str, UUID]:
    """Region → who heads its authority on the day; a vacant one is not there.

    Raises `CalleeAway`, `CalleeRefused`.
    """
    found: dict[str, UUID] = {}
    asked = {"office": "authority_head", "at": at.isoformat(), "limit": 200}
    cursor: dict[str, str] = {}
    while True:
        response = await client.request(
            "GET", "directory", "/v1/appointments", params={**asked, **cursor}
        )
        page = response.json()
        found |= {one["region"]: UUID(one["person_id"]) for one in page["items"]}
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


class KnownPerson(BaseModel):
    """A person as the directory knows them: an erased one by a pseudonym."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    full_name: str
    email: str | None
    phone: str | None


async def person_of(client: ServiceClient, person_id: UUID) -> KnownPerson | None:
    """The person; None where the directory knows nobody of this id.

    Raises `CalleeAway`, `CalleeRefused`.
    """
    try:
        response = await client.request("GET", "directory", f"/v1/people/{person_id}")
    except CalleeRefused as refused:
        if refused.status == 404:
            return None
        raise
    return KnownPerson.model_validate(response.json())


async def name_of(client: ServiceClient, person_id: UUID) -> str:
    """The person's full name. Raises `CalleeAway`, `CalleeRefused`."""
    response = await client.request("GET", "directory", f"/v1/people/{person_id}")
    return str(response.json()["full_name"])


async def email_of(client: ServiceClient, person_id: UUID) -> str | None:
    """The person's e-mail, if there are both. Raises `CalleeAway`, `CalleeRefused`."""
    try:
        response = await client.request("GET", "directory", f"/v1/people/{person_id}")
    except CalleeRefused as refused:
        if refused.status == 404:
            return None
        raise
    email = response.json()["email"]
    return str(email) if email else None
