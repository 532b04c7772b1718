"""How a meeting lives: from a draft through its protocol to the end, or cancelled."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.errors import Conflict, NotFound


class Series(StrEnum):
    """Whose meeting it is: of all regions, or of the winners of one year."""

    UNIFIED = "unified"
    COHORT_2022 = "cohort-2022"
    COHORT_2023 = "cohort-2023"
    COHORT_2024 = "cohort-2024"
    OTHER = "other"


class MeetingStatus(StrEnum):
    """Where a meeting stands. Its protocol drives what follows `held`."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    HELD = "held"
    PROTOCOL_DRAFT = "protocol_draft"
    REVIEW = "review"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class MeetingCommand(StrEnum):
    """What someone may try to do with a meeting; `BY_PROTOCOL` follow from its protocol."""

    SCHEDULE = "schedule"
    MOVE = "move"
    START = "start"
    HOLD = "hold"
    CANCEL = "cancel"
    OPEN_PROTOCOL = "open_protocol"
    SEND_FOR_APPROVAL = "send_for_approval"
    TAKE_BACK = "take_back"
    CLOSE = "close"


_S = MeetingStatus
_C = MeetingCommand
TRANSITIONS: Final[Mapping[tuple[MeetingStatus, MeetingCommand], MeetingStatus]] = {
    (_S.DRAFT, _C.SCHEDULE): _S.SCHEDULED,
    (_S.DRAFT, _C.MOVE): _S.DRAFT,
    (_S.DRAFT, _C.CANCEL): _S.CANCELLED,
    (_S.SCHEDULED, _C.MOVE): _S.SCHEDULED,
    (_S.SCHEDULED, _C.START): _S.IN_PROGRESS,
    (_S.SCHEDULED, _C.HOLD): _S.HELD,
    (_S.SCHEDULED, _C.CANCEL): _S.CANCELLED,
    (_S.IN_PROGRESS, _C.HOLD): _S.HELD,
    # It was begun by mistake, or broke off.
    (_S.IN_PROGRESS, _C.CANCEL): _S.CANCELLED,
    (_S.HELD, _C.OPEN_PROTOCOL): _S.PROTOCOL_DRAFT,
    # A meeting that resolved nothing needs no protocol.
    (_S.HELD, _C.CLOSE): _S.CLOSED,
    (_S.PROTOCOL_DRAFT, _C.SEND_FOR_APPROVAL): _S.REVIEW,
    (_S.REVIEW, _C.TAKE_BACK): _S.PROTOCOL_DRAFT,
    (_S.REVIEW, _C.CLOSE): _S.CLOSED,
}
BY_PROTOCOL: Final = frozenset({_C.OPEN_PROTOCOL, _C.SEND_FOR_APPROVAL, _C.TAKE_BACK})
# People gather before the hour; begun earlier than that, it was some other meeting that was meant.
START_EARLY: Final = timedelta(hours=1)
# Its agenda may still grow, and it may still be moved or called off.
AHEAD: Final = frozenset({_S.DRAFT, _S.SCHEDULED})
AGENDA_OPEN: Final = frozenset({*AHEAD, _S.IN_PROGRESS})
# It took place, and its protocol may be written and signed.
TOOK_PLACE: Final = frozenset({_S.HELD, _S.PROTOCOL_DRAFT, _S.REVIEW})
OVER: Final = frozenset({*TOOK_PLACE, _S.CLOSED})


STATUS_NAMES: Final[Mapping[MeetingStatus, str]] = {
    _S.DRAFT: "черновик",
    _S.SCHEDULED: "назначено",
    _S.IN_PROGRESS: "идёт",
    _S.HELD: "проведено",
    _S.PROTOCOL_DRAFT: "проведено, протокол готовится",
    _S.REVIEW: "проведено, протокол на утверждении",
    _S.CLOSED: "закрыто",
    _S.CANCELLED: "отменено",
}


COMMAND_NAMES: Final[Mapping[MeetingCommand, str]] = {
    _C.SCHEDULE: "назначить",
    _C.MOVE: "перенести",
    _C.START: "начать",
    _C.HOLD: "отметить проведённым",
    _C.CANCEL: "отменить",
    _C.OPEN_PROTOCOL: "открыть протокол для",
    _C.SEND_FOR_APPROVAL: "передать протокол на утверждение для",
    _C.TAKE_BACK: "вернуть протокол в работу для",
    _C.CLOSE: "закрыть",
}


class MeetingNotFound(NotFound):
    """No meeting has this id."""

    code = "meeting_not_found"
    title = "Совещание не найдено"


class MeetingActionNotAllowed(Conflict):
    """The meeting's status does not permit the command."""

    code = "meeting_action_not_allowed"
    title = "Действие недоступно в этом состоянии"

    def __init__(self, status: MeetingStatus, command: MeetingCommand) -> None:
        super().__init__(
            f"Нельзя {COMMAND_NAMES[command]} совещание: его состояние — «{STATUS_NAMES[status]}»."
        )


class MeetingInPast(Conflict):
    """A meeting is not moved to a time that has passed."""

    code = "meeting_in_past"
    title = "Время уже прошло"


class ProtocolPending(Conflict):
    """A meeting whose protocol is under way closes when that is approved."""

    code = "protocol_pending"
    title = "Протокол ещё не утверждён"


class MeetingNotStarted(Conflict):
    """A meeting is not begun long before its time, nor held before it."""

    code = "meeting_not_started"
    title = "Совещание ещё не началось"


def next_status(
    status: MeetingStatus, command: MeetingCommand, *, starts_at: datetime, now: datetime
) -> MeetingStatus:
    """Where the command leads. Raises `MeetingActionNotAllowed`, `MeetingNotStarted`."""
    try:
        following = TRANSITIONS[status, command]
    except KeyError:
        raise MeetingActionNotAllowed(status, command) from None
    if command is MeetingCommand.HOLD and now < starts_at:
        raise MeetingNotStarted("Совещание нельзя отметить проведённым до его начала.")
    if command is MeetingCommand.START and now < starts_at - START_EARLY:
        raise MeetingNotStarted(
            "Начать совещание можно не раньше чем за час до назначенного времени. Если оно"
            " проходит раньше, сначала перенесите его."
        )
    return following
