"""What waits for whom: the other side of the state machine, as a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.assignments.domain.executions import Command, Party, Status, Track


@dataclass(frozen=True, slots=True)
class Wait:
    """Why it needs you, and the usual next command."""

    why: str
    command: Command


_COMMON: Final[Mapping[tuple[Status, Party], Wait]] = {
    (Status.ACKNOWLEDGED, Party.ADDRESSEE): Wait("Поручение ждёт начала работы", Command.START),
    (Status.IN_PROGRESS, Party.ADDRESSEE): Wait("Отчёт ещё не сдан", Command.SUBMIT),
    (Status.RETURNED, Party.ADDRESSEE): Wait("Отчёт возвращён: доработайте", Command.START),
}
_ROUTED: Final[Mapping[tuple[Status, Party], Wait]] = {
    (Status.ROUTED, Party.COORDINATOR): Wait(
        "Новое исполнение: примите к сведению", Command.ACKNOWLEDGE
    ),
}
WAITS: Final[Mapping[Track, Mapping[tuple[Status, Party], Wait]]] = {
    Track.CLUSTER: {
        **_COMMON,
        **_ROUTED,
        (Status.SUBMITTED, Party.COORDINATOR): Wait(
            "Отчёт кластера ждёт вашей проверки", Command.FORWARD
        ),
        (Status.FORWARDED, Party.CONTROLLER): Wait("Отчёт ждёт решения ЦУР", Command.ACCEPT),
    },
    Track.AUTHORITY: {
        **_COMMON,
        (Status.ISSUED, Party.ADDRESSEE): Wait(
            "Новое исполнение: примите к сведению", Command.ACKNOWLEDGE
        ),
        (Status.SUBMITTED, Party.CONTROLLER): Wait("Отчёт ждёт решения ЦУР", Command.ACCEPT),
    },
    Track.CO: {
        **_COMMON,
        **_ROUTED,
        (Status.SUBMITTED, Party.LEAD): Wait("Соисполнитель сдал свою часть", Command.ACCEPT),
    },
}
CHASE: Final = "Просрочено у кластера: поторопите"
EXTENSION: Final = Wait("Просят продлить срок", Command.GRANT_EXTENSION)
SUBTASK: Final = "Подзадача координатора"
