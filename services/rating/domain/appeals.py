"""A region contests a fact of its own before the month is frozen."""

from enum import StrEnum
from typing import Final

from shared.errors import Conflict


class AppealStatus(StrEnum):
    """`open` until ЦУР decides, or the region takes it back."""

    OPEN = "open"
    UPHELD = "upheld"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Contested(StrEnum):
    """Which fact is contested."""

    RETURN = "return"
    HAND_IN = "hand_in"
    DUE = "due"
    EXTENSION = "extension"
    ADDRESSEE = "addressee"
    OTHER = "other"


_WORDS: Final = {
    AppealStatus.UPHELD: "удовлетворена",
    AppealStatus.REJECTED: "отклонена",
    AppealStatus.WITHDRAWN: "отозвана",
}


class AppealDecided(Conflict):
    """What is decided stays decided."""

    code = "appeal_decided"
    title = "Апелляция уже рассмотрена"


def refuse_decided(status: AppealStatus) -> None:
    """Raises `AppealDecided` unless the appeal is open."""
    if status is not AppealStatus.OPEN:
        raise AppealDecided(f"Апелляция уже {_WORDS[status]}: решение не меняют.")


def reason_of(region: str, note: str | None) -> str:
    """Why a slice sees the execution corrected, in words; `note`: what the decision says."""
    return f"Апелляция региона {region}: {note}"
