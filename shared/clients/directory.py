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
