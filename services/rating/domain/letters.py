"""A slice's letters to the heads of the regional authorities."""

from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.errors import Conflict, Invalid

# Seconds before each further attempt; after the last the letter has failed.
PAUSES: Final = (5, 60, 300, 1800, 7200, 7200, 7200, 7200)


class LetterState(StrEnum):
    """How far a letter has come; whether it is acknowledged stands apart.

    A mail server that took it makes it sent; delivered it is where a notification says so.
    """

    PREPARED = "prepared"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    NO_ADDRESSEE = "no_addressee"


# Nothing more happens to these by itself.
DECIDED: Final = frozenset(LetterState) - {LetterState.PREPARED}


class LetterNotSent(Conflict):
    """Only of a letter that is sent can be told what became of it."""

    code = "letter_not_sent"
    title = "Письмо не в пути"


class DeliveryTimeImpossible(Invalid):
    """A letter arrives after it was sent, and not in the future."""

    code = "delivery_time_impossible"
    title = "Время доставки невозможно"


_WORDS: Final = {
    LetterState.PREPARED: "ещё не отправлено",
    LetterState.DELIVERED: "уже доставлено",
    LetterState.FAILED: "не отправлено: сначала отправьте его ещё раз",
    LetterState.NO_ADDRESSEE: "некому отправлять",
}


def refuse_unsent(state: LetterState) -> None:
    """Raises `LetterNotSent` unless the letter is on its way."""
    if state is not LetterState.SENT:
        raise LetterNotSent(f"Письмо {_WORDS[state]}.")


def refuse_impossible(at: datetime, *, sent_at: datetime, now: datetime) -> None:
    """Raises `DeliveryTimeImpossible` unless the instant lies between the two."""
    if not sent_at <= at <= now:
        raise DeliveryTimeImpossible(
            "Уведомление — не раньше отправки письма и не из будущего.", field="body.at"
        )
