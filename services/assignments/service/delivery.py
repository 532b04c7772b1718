"""Send messages: queued with the message in one transaction, tried again with back-off.

The queue is PgQueuer's, in our database. A message is sent under its row's lock, and one that is
sent is not sent again; only a death between the mail server's answer and the commit may repeat
it, under the same `Message-ID` and `X-Notification-Id`.
"""

import asyncio
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

import apprise
from pydantic import SecretStr
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.deadlines import CENTRE
from services.assignments.domain.notifications import (
    ATTEMPTS,
    Channel,
    NotificationState,
    pause_before,
)
from services.assignments.models import Notification
from services.assignments.repository import notifications as repository
from services.assignments.repository.erasures import NOTHING
from services.assignments.service.offices import offices_on
from shared import mail, queue
from shared.clients import directory
from shared.clients.base import ServiceClient
from shared.clock import date_in
from shared.errors import Conflict

NO_CHANNEL: Final = "Отправка почты не настроена (SMTP_URL)."
NO_CHAT: Final = "Общий чат не настроен (NOTIFY_CHAT_URLS)."
NO_ADDRESS: Final = "У человека нет адреса почты."
VACANT: Final = "Должность вакантна."
# A reminder older than this would only confuse: it stays visible and can be sent by hand.
FRESH: Final = timedelta(days=2)
ENTRYPOINT: Final = "deliver_notification"


class OfficeVacant(Conflict):
    """There is still nobody to send the message to."""

    code = "office_vacant"
    title = "Должность вакантна"


class MessageEmptied(Conflict):
    """The message's words are gone: it has outlived its term, or its person was erased."""

    code = "message_emptied"
    title = "Текста сообщения больше нет"


class Targets(Protocol):
    """Where messages go."""

    smtp_url: SecretStr | None
    mail_from: str
    notify_chat_urls: list[str]


class NotDelivered(ConnectionError):
    """The channel did not take the message: to be tried again, unless it is `for_good`."""

    def __init__(self, reason: str, *, for_good: bool = False) -> None:
        self.for_good = for_good
        super().__init__(reason)


class Undeliverable(Exception):
    """There is nobody, or no address, to send the message to."""


async def enqueue(session: AsyncSession, waiting: Sequence[tuple[UUID, int]]) -> None:
    """Queue messages and their turns in the caller's transaction; one queued already stays so."""
    if not waiting:
        return
    queries = await queue.of_session(session)
    await queries.enqueue(
        [ENTRYPOINT] * len(waiting),
        [str(notification_id).encode() for notification_id, _ in waiting],
        [0] * len(waiting),
        # The last turn's job may not be cleared away yet: this one is another.
        dedupe_key=[f"{notification_id}:{turn}" for notification_id, turn in waiting],
        on_conflict="skip",
    )


async def requeue(session: AsyncSession, targets: Targets, *, now: datetime) -> int:
    """Queue again whatever waits without a place in the queue; how many messages wait.

    A channel has been configured since, or a job was lost to an error.
    """
    able = [
        *([Channel.EMAIL] if targets.smtp_url else []),
        *([Channel.CHAT] if targets.notify_chat_urls else []),
    ]
    since: date = (now - FRESH).date()
    waiting = await repository.waiting(session, able, since=since) if able else []
    await enqueue(session, waiting)
    return len(waiting)


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
    try:
        if message.channel is Channel.EMAIL:
            sent = await _write(message, client, targets, now)
        else:
            sent = await _post(message, targets)
    except Undeliverable as error:
        message.state, message.last_error = NotificationState.UNDELIVERABLE, str(error)
        message.version += 1
        return None
    except NotDelivered as error:
        message.attempts += 1
        message.version += 1
        message.last_error = str(error)[:500]
        if error.for_good or message.attempts >= ATTEMPTS:
            message.state = NotificationState.FAILED
            return None
        return timedelta(seconds=pause_before(message.attempts + 1))
    if sent:
        message.attempts += 1
        message.version += 1
        message.state, message.sent_at, message.last_error = NotificationState.SENT, now, None
    return None


async def _write(
    message: Notification, client: ServiceClient, targets: Targets, now: datetime
) -> bool:
    """Send the letter; False while mail is not configured.

    Raises `NotDelivered`, `Undeliverable`, `CalleeAway`.
    """
    if targets.smtp_url is None:
        message.last_error = NO_CHANNEL
        return False
    if message.person_id is None:
        raise Undeliverable(VACANT)
    email = await directory.email_of(client, message.person_id)
    if email is None:
        raise Undeliverable(NO_ADDRESS)
    try:
        letter = mail.letter(
            message.id,
            sender=targets.mail_from,
            to=email,
            subject=message.subject,
            text=message.body,
            at=now,
        )
    except mail.AddressInvalid as error:
        raise Undeliverable(str(error)) from error
    try:
        await mail.send(targets.smtp_url.get_secret_value(), letter)
    except mail.MailRefused as error:
        raise NotDelivered(str(error), for_good=error.for_good) from error
    return True


async def _post(message: Notification, targets: Targets) -> bool:
    """Post to the chat of this number; False while there is none. Raises `NotDelivered`."""
    number = int(message.recipient.rpartition(":")[2])
    if number > len(targets.notify_chat_urls):
        message.last_error = NO_CHAT
        return False
    sender = apprise.Apprise()
    if not sender.add(targets.notify_chat_urls[number - 1]):
        raise NotDelivered("Адрес чата не разобран (NOTIFY_CHAT_URLS).")
    # Apprise blocks, within time-outs of its own for connecting and reading.
    taken = await asyncio.to_thread(
        sender.notify, body=message.body, title=message.subject, body_format="text"
    )
    if not taken:
        raise NotDelivered("Мессенджер не принял сообщение.")
    return True


async def resend(session: AsyncSession, notification_id: UUID, *, now: datetime) -> Notification:
    """Queue the message once more; a vacant office's goes to who holds it today.

    Raises `NotificationNotFound`, `MessageEmptied`, `OfficeVacant`.
    """
    message = await repository.lock_notification(session, notification_id)
    if message.body == NOTHING:
        raise MessageEmptied("Текст сообщения стёрт: отправить нечего.")
    if message.channel is Channel.EMAIL and message.person_id is None:
        message.person_id = await _holder(session, message, date_in(CENTRE, now))
    if message.state is not NotificationState.PREPARED:
        message.turn += 1
    message.state, message.last_error, message.attempts = NotificationState.PREPARED, None, 0
    message.version += 1
    session.add(message)
    await session.flush()
    await enqueue(session, [(message.id, message.turn)])
    return message


async def _holder(session: AsyncSession, message: Notification, today: date) -> UUID:
    office, _, region = message.recipient.partition(":")
    holder = (await offices_on(session, [today])).holder(region, office, today)
    if holder is None:
        raise OfficeVacant("Должность всё ещё вакантна: назначьте человека в справочнике.")
    return holder.person_id
