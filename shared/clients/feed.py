"""A producer's feed, read page by page."""

from collections.abc import AsyncIterator

from shared.clients.base import ServiceClient
from shared.envelopes import Message, from_feed

PAGE = 1000


async def read_feed(
    client: ServiceClient, topic: str, partition: int, *, after: int
) -> AsyncIterator[list[Message]]:
    """Pages of what the producer has published after `after`; a checkpoint comes last, if any.

    Raises `CalleeAway` on an outage.
    """
    service = topic.split(".", 1)[0]
    while True:
        response = await client.request(
            "GET",
            service,
            f"/v1/events/{topic}/{partition}",
            params={"after": after, "limit": PAGE},
        )
        page = [from_feed(topic, partition, line) for line in response.content.splitlines()]
        if page:
            yield page
        numbered = [message.seq for message in page if message.seq is not None]
        if len(numbered) < PAGE:
            return
        after = numbered[-1]


async def event_at(client: ServiceClient, topic: str, partition: int, seq: int) -> Message | None:
    """The event of this number, if the log has one. Raises `CalleeAway` on an outage."""
    service = topic.split(".", 1)[0]
    response = await client.request(
        "GET", service, f"/v1/events/{topic}/{partition}", params={"after": seq - 1, "limit": 1}
    )
    for line in response.content.splitlines():
        message = from_feed(topic, partition, line)
        if message.seq == seq:
            return message
    return None
