"""What tests of subscriptions over HTTP share."""

from typing import Any, Final

import httpx

from tests.conftest import Headers

PATH: Final = "/v1/subscriptions"
WANTED: Final[dict[str, Any]] = {
    "url": "https://monitoring.example.ru/hooks/rating",
    "description": "Платформа мониторинга",
    "event_types": ["rating.slice.frozen.v1", "rating.standings.changed.v1"],
}


async def create(
    client: httpx.AsyncClient, who: Headers, key: str | None = None, **overrides: Any
) -> httpx.Response:
    headers = who | ({"Idempotency-Key": key} if key else {})
    return await client.post(PATH, json=WANTED | overrides, headers=headers)
