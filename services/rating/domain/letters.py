"""A slice's letters to the heads of the regional authorities."""

from enum import StrEnum
from typing import Final

# Seconds before each further attempt; after the last the letter has failed.
PAUSES: Final = (5, 60, 300, 1800, 7200, 7200, 7200, 7200)


class LetterState(StrEnum):
    """How far a letter has come; whether it is acknowledged stands apart."""

    PREPARED = "prepared"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    NO_ADDRESSEE = "no_addressee"


# Nothing more happens to these by itself.
DECIDED: Final = frozenset(LetterState) - {LetterState.PREPARED}
