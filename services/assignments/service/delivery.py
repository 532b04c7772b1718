"""Send messages: queued with the message in one transaction, tried again with back-off, once.

The queue is PgQueuer's, in our database. A message is sent under its row's lock, and one that is
sent is never sent again; only a death between the mail server's answer and the commit may
repeat it, under the same `X-Notification-Id`.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

import apprise
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.notifications import (
    ATTEMPTS,
    Channel,
    NotificationState,
    StillQueued,
    pause_before,
)
from services.assignments.models import Notification
from services.assignments.repository import notifications as repository
from shared.clients import directory
from shared.clients.base import CalleeRefused, ServiceClient

NO_CHANNEL: Final = "Отправка почты не настроена (NOTIFY_EMAIL_URL)."
NO_CHAT: Final = "Общий чат не настроен (NOTIFY_CHAT_URLS)."
# A reminder older than this would only confuse: it stays visible and can be sent by hand.
FRESH: Final = timedelta(days=2)
ENTRYPOINT: Final = "deliver_notification"
_SECONDS: Final = 30


class Targets(Protocol):
    """Where messages go."""

    notify_email_url: str | None
    notify_chat_urls: list[str]


class NotDelivered(ConnectionError):
    """The channel did not take the message: to be tried again."""


async def enqueue(
    session: AsyncSession, notification_ids: Sequence[UUID], *, turn: int = 0
) -> None:
    """Queue the messages in the caller's transaction; one already queued this turn stays so."""
    connection = await session.connection()
    raw = await connection.get_raw_connection()
    assert raw.driver_connection is not None
    queue = Queries(AsyncpgDriver(raw.driver_connection))
    ids = [str(notification_id) for notification_id in notification_ids]
    await queue.enqueue(
        [ENTRYPOINT] * len(ids),
        [one.encode() for one in ids],
        [0] * len(ids),
        dedupe_key=[f"{one}:{turn}" for one in ids],
        on_conflict="skip",
    )


async def deliver(
    session: AsyncSession,
    client: ServiceClient,
    targets: Targets,
    notification_id: UUID,
    *,
    now: datetime,
) -> timedelta | None:
    """Try to send the message; how long to wait before the next attempt, if there is to be one.

    Raises `CalleeAway` while the directory is away.
    """
    message = await repository.lock_notification(session, notification_id)
    if message.state is not NotificationState.PREPARED:
        return None
    session.add(message)
    message.version += 1
    urls = await _urls(message, client, targets)
    if not urls:
        return None
    message.attempts += 1
    try:
        await _send(urls, message)
    except NotDelivered as error:
        message.last_error = str(error)[:500]
        if message.attempts >= ATTEMPTS:
            message.state = NotificationState.FAILED
            return None
        return timedelta(seconds=pause_before(message.attempts + 1))
    message.state, message.sent_at, message.last_error = NotificationState.SENT, now, None
    return None


async def _urls(message: Notification, client: ServiceClient, targets: Targets) -> Sequence[str]:
    """The targets of the message; none where it cannot be delivered, which it then says."""
    if message.channel is Channel.CHAT:
        if not targets.notify_chat_urls:
            message.last_error = NO_CHAT
        return targets.notify_chat_urls
    if targets.notify_email_url is None:
        message.last_error = NO_CHANNEL
        return ()
    try:
        email = await directory.email_of(client, message.person_id) if message.person_id else None
    except CalleeRefused:
        email = None
    if email is None:
        message.state = NotificationState.UNDELIVERABLE
        message.last_error = "У человека нет адреса почты."
        return ()
    mark = "&" if "?" in targets.notify_email_url else "?"
    header = f"%2BX-Notification-Id={message.id}"
    return [f"{targets.notify_email_url}{mark}to={email}&{header}"]


async def _send(urls: Sequence[str], message: Notification) -> None:
    """Hand the message to every target. Raises `NotDelivered`."""
    sender = apprise.Apprise()
    for url in urls:
        if not sender.add(url):
            raise NotDelivered("Адрес получателя не разобран.")
    try:
        async with asyncio.timeout(_SECONDS):
            taken = await asyncio.to_thread(
                sender.notify, body=message.body, title=message.subject, body_format="text"
            )
    except TimeoutError as error:
        raise NotDelivered(f"Нет ответа за {_SECONDS} с.") from error
    if not taken:
        raise NotDelivered("Почтовый сервер или мессенджер не принял сообщение.")


async def resend(session: AsyncSession, notification_id: UUID) -> Notification:
    """Queue the message once more. Raises `NotificationNotFound`, `StillQueued`."""
    message = await repository.lock_notification(session, notification_id)
    if message.state is NotificationState.PREPARED:
        raise StillQueued("Сообщение ещё не отправлялось: оно ждёт своей очереди.")
    message.state, message.last_error = NotificationState.PREPARED, None
    message.version += 1
    session.add(message)
    await session.flush()
    # Its last place in the queue may not be cleared yet: this one is another.
    await enqueue(session, [message.id], turn=message.version)
    return message
