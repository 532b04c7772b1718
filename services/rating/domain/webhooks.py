"""Pushes to subscribers: what can be heard, when to try again, and when to give up."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

PING: Final = "rating.subscription.ping.v1"


class EventType(StrEnum):
    """What a subscription may ask for: the slices' own events, and standings gathered."""

    SLICE_FROZEN = "rating.slice.frozen.v1"
    SLICE_REVISED = "rating.slice.revised.v1"
    SLICE_SENT = "rating.slice.sent.v1"
    SLICE_PUBLISHED = "rating.slice.published.v1"
    STANDINGS_CHANGED = "rating.standings.changed.v1"


class SubscriptionStatus(StrEnum):
    """Whether pushes go out; a disabled one gathers nothing either."""

    ACTIVE = "active"
    PAUSED = "paused"
    DISABLED = "disabled"


class DeliveryKind(StrEnum):
    """Which queue of the subscription a delivery stands in; each keeps its own order."""

    SLICE = "slice"
    STANDINGS = "standings"
    PING = "ping"


class DeliveryState(StrEnum):
    """How a delivery ended: `failed` has used up its attempts, `abandoned` was not tried on."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    ABANDONED = "abandoned"


class AttemptOutcome(StrEnum):
    """How one attempt ended; `interrupted` is one whose worker died in the middle."""

    RUNNING = "running"
    DELIVERED = "delivered"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class DisabledBecause(StrEnum):
    """Why a subscription was disabled, as its owner reads it."""

    GONE = "Получатель ответил 410 Gone: больше не отправлять."
    FAILING = "Ни одна отправка не удалась дольше допустимого срока."


@dataclass(frozen=True, slots=True)
class DeliveryPolicy:
    """All the numbers of pushing in one place."""

    # Before each further attempt; after the last one the delivery has failed.
    pauses: tuple[timedelta, ...]
    # A pause is longer by up to this share, so that those who failed together do not return so.
    jitter_percent: int
    # Neither the receiver's `Retry-After` nor anything else makes a pause longer than this.
    longest_pause: timedelta
    # From looking up the name to the end of the answer.
    timeout: timedelta
    # How long an attempt belongs to the worker that began it; by the database's clock.
    lease: timedelta
    # A subscription where nothing succeeded for so long is disabled.
    disable_after: timedelta
    # Sends at once in one worker.
    places: int
    # Lines of standings in one delivery; what is more comes in the next.
    most_lines: int
    keep_receipts: timedelta
    keep_receipts_of_standings: timedelta
    subscriptions_of_one_owner: int

    def attempts(self, kind: DeliveryKind) -> int:
        """How many times a delivery is tried."""
        return 1 if kind is DeliveryKind.PING else len(self.pauses) + 1

    def pause(self, attempts: int, retry_after: timedelta | None, chance: float) -> timedelta:
        """How long to wait after that many attempts; `chance` from 0 to 1 is the jitter's."""
        planned = self.pauses[attempts - 1] * (1 + chance * self.jitter_percent / 100)
        return min(max(planned, retry_after or timedelta()), self.longest_pause)


# The schedule of Standard Webhooks: at once, then over three days.
STANDARD: Final = DeliveryPolicy(
    pauses=(
        timedelta(seconds=5),
        timedelta(minutes=5),
        timedelta(minutes=30),
        *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
    ),
    jitter_percent=10,
    longest_pause=timedelta(hours=27),
    timeout=timedelta(seconds=15),
    lease=timedelta(seconds=30),
    disable_after=timedelta(days=5),
    places=32,
    most_lines=500,
    keep_receipts=timedelta(days=400),
    keep_receipts_of_standings=timedelta(days=7),
    subscriptions_of_one_owner=20,
)


@dataclass(frozen=True, slots=True)
class Push:
    """One attempt, ready to go out."""

    subscription_id: UUID
    delivery_id: UUID
    attempt_id: UUID
    message_id: UUID
    url: str
    # As they are kept: sealed.
    secrets: tuple[str, ...] = field(repr=False)
    body: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one attempt; without a status there was no answer, and the error says why."""

    duration_ms: int
    status: int | None = None
    error: str | None = None
    excerpt: str | None = None
    retry_after: timedelta | None = None

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        return self.status == 410


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a delivery after an attempt, and of its subscription."""

    state: DeliveryState
    pause: timedelta | None = None
    disable: DisabledBecause | None = None


def judge(
    policy: DeliveryPolicy,
    answer: Answer,
    *,
    kind: DeliveryKind,
    attempts: int,
    failing_since: datetime | None,
    now: datetime,
    chance: float,
) -> Verdict:
    """What follows from the answer to the attempt of that number.

    `failing_since`: the first failure since the subscription's last success. A ping is a
    question of the owner's: it never disables anything.
    """
    if answer.is_delivered:
        return Verdict(DeliveryState.DELIVERED)
    if kind is not DeliveryKind.PING:
        if answer.is_gone:
            return Verdict(DeliveryState.FAILED, disable=DisabledBecause.GONE)
        if failing_since is not None and now - failing_since >= policy.disable_after:
            return Verdict(DeliveryState.ABANDONED, disable=DisabledBecause.FAILING)
    if attempts >= policy.attempts(kind):
        return Verdict(DeliveryState.FAILED)
    return Verdict(DeliveryState.PENDING, policy.pause(attempts, answer.retry_after, chance))


def message(type_: str, at: datetime, data: str) -> str:
    """The body of a push about the facts, given as JSON; these go in as they are."""
    instant = at.isoformat().replace("+00:00", "Z")
    return f'{{"type":"{type_}","timestamp":"{instant}","data":{data}}}'
