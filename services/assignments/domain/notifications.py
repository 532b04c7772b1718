"""What becomes of a message."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class NotificationState(StrEnum):
    """Where a message stands."""

    PREPARED = "prepared"
    SENT = "sent"
    # The channel refused it for good, or too often.
    FAILED = "failed"
    # There is nobody, or no address, to send it to.
    UNDELIVERABLE = "undeliverable"


class Channel(StrEnum):
    """How a message travels."""

    EMAIL = "email"
    CHAT = "chat"


STATE_NAMES: Final[Mapping[NotificationState, str]] = {
    NotificationState.PREPARED: "ждёт отправки",
    NotificationState.SENT: "отправлено",
    NotificationState.FAILED: "не отправлено",
    NotificationState.UNDELIVERABLE: "некому отправить",
}
# With the pauses below: half a day of a mail server's silence.
ATTEMPTS: Final = 32


def pause_before(attempt: int) -> int:
    """Seconds to wait before the attempt number `attempt` (from 2 on): doubling, half an hour
    at most.
    """
    return min(5 << (attempt - 2), 1800)
