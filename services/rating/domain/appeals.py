"""A region contests a fact of its own before the month is frozen."""

from enum import StrEnum
from typing import Final

from shared.errors import Conflict, Forbidden


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


class NotYourAppeal(Forbidden):
    """Another of the region's people filed it, and the coordinator alone answers for them all."""

    code = "not_your_appeal"
    title = "Апелляцию подал другой человек"


def refuse_another_s(filed_by: str, by: str, *, coordinates: bool) -> None:
    """Raises `NotYourAppeal` unless they filed it themselves, or are the region's coordinator."""
    if filed_by != by and not coordinates:
        raise NotYourAppeal("Отозвать апелляцию может тот, кто её подал, или координатор региона.")


def refuse_decided(status: AppealStatus) -> None:
    """Raises `AppealDecided` unless the appeal is open."""
    if status is not AppealStatus.OPEN:
        raise AppealDecided(f"Апелляция уже {_WORDS[status]}: решение не меняют.")


def reason_of(region: str, note: str | None) -> str:
    """Why a slice sees the execution corrected, in words; `note`: what the decision says."""
    return f"Апелляция региона {region}: {note}"
