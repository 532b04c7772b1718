"""When a due date may be asked to move, and what granting does."""

from datetime import date
from enum import StrEnum
from typing import Final

from services.assignments.domain.executions import DateInvalid
from shared.errors import Conflict


class ExtensionStatus(StrEnum):
    """What became of a request."""

    OPEN = "open"
    GRANTED = "granted"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    # The execution ended before anyone decided.
    LAPSED = "lapsed"


NAMES: Final = {
    ExtensionStatus.OPEN: "на рассмотрении",
    ExtensionStatus.GRANTED: "удовлетворена",
    ExtensionStatus.REFUSED: "отклонена",
    ExtensionStatus.CANCELLED: "отозвана",
    ExtensionStatus.LAPSED: "снята: исполнение закончено",
}


class ExtensionOpen(Conflict):
    """A request is waiting for its decision already."""

    code = "extension_open"
    title = "Просьба о продлении уже рассматривается"


class NoExtensionOpen(Conflict):
    """There is no request to decide on."""

    code = "no_extension_open"
    title = "Нет просьбы о продлении"


def check_wanted(wanted: date, *, due: date, field: str = "body.wanted") -> None:
    """Raise `DateInvalid` unless the date, non-working days minded, lies after the present one."""
    if wanted <= due:
        raise DateInvalid(
            "Продление должно быть позже действующего срока"
            f" ({due:%d.%m.%Y}), перенесённое с нерабочего дня тоже.",
            field=field,
        )


def asked_in_time(asked_on: date, *, due: date) -> bool:
    """Whether a request of that day (in the region) may move the scored date (SPEC §7)."""
    return asked_on <= due
