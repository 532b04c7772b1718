"""The assignments, as other services ask them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Final

from pydantic import BaseModel, ConfigDict

from shared.clients.base import ServiceClient

# The owner reads every version there is.
_WHOLE_HISTORY_SECONDS: Final = 40.0


class Digest(BaseModel):
    """What there is of a region's facts, in one number."""

    model_config = ConfigDict(frozen=True, extra="ignore", from_attributes=True)

    executions: int
    versions: int
    digest: str


async def digests(client: ServiceClient, as_of: datetime) -> Mapping[str, Digest]:
    """By region, of all versions of facts dated so or earlier.

    Raises `CalleeAway`, `CalleeRefused`.
    """
    instant = as_of.astimezone(UTC).isoformat()
    response = await client.request(
        "GET",
        "assignments",
        "/v1/executions/digest",
        params={"as_of": instant},
        timeout=_WHOLE_HISTORY_SECONDS,
    )
    return {one["region"]: Digest.model_validate(one) for one in response.json()["items"]}


async def resolve_deadline(
    client: ServiceClient, term: str | None, *, signed_on: date, on: date | None, day: int | None
) -> date:
    """The due date of a term counted from the day of signing, by the policy of that day.

    `on` is a date named, `day` the number of «ежемесячно до N числа»; nothing at all means the
    policy's usual term. Raises `CalleeAway`, `CalleeRefused`.
    """
    asked = {"term": "date" if on else term or "default", "signed_on": signed_on.isoformat()}
    body = {
        **asked,
        **({"on": on.isoformat()} if on else {}),
        **({"day": day} if day is not None and not on else {}),
    }
    response = await client.request("POST", "assignments", "/v1/deadlines/resolve", json=body)
    return date.fromisoformat(response.json()["due"])
