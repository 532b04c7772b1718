"""How a meeting lives: scheduled, then held or cancelled, once."""

from collections.abc import Mapping
from datetime import datetime
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
    """Where a meeting stands."""

    SCHEDULED = "scheduled"
    HELD = "held"
    CANCELLED = "cancelled"


class MeetingCommand(StrEnum):
    """What someone may try to do with a meeting."""

    HOLD = "hold"
    CANCEL = "cancel"


TRANSITIONS: Final[Mapping[tuple[MeetingStatus, MeetingCommand], MeetingStatus]] = {
    (MeetingStatus.SCHEDULED, MeetingCommand.HOLD): MeetingStatus.HELD,
    (MeetingStatus.SCHEDULED, MeetingCommand.CANCEL): MeetingStatus.CANCELLED,
}


STATUS_NAMES: Final[Mapping[MeetingStatus, str]] = {
    MeetingStatus.SCHEDULED: "назначено",
    MeetingStatus.HELD: "проведено",
    MeetingStatus.CANCELLED: "отменено",
}


COMMAND_NAMES: Final[Mapping[MeetingCommand, str]] = {
    MeetingCommand.HOLD: "отметить проведённым",
    MeetingCommand.CANCEL: "отменить",
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
            f"Нельзя {COMMAND_NAMES[command]} совещание: оно уже {STATUS_NAMES[status]}."
        )


class MeetingNotStarted(Conflict):
    """A meeting cannot have been held before it began."""

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
    if following is MeetingStatus.HELD and now < starts_at:
        raise MeetingNotStarted("Совещание нельзя отметить проведённым до его начала.")
    return following
