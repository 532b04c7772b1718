"""How an execution moves, who may move it, and when it is due.

Pure decisions: callers bring the state, the actor and the clock. The table `RULES` is the whole
state machine; what is not in it is refused.
"""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from shared.errors import Conflict, Forbidden
from shared.events.meetings import Priority
from shared.workdays import preceding_working_day


class Status(StrEnum):
    """Where an execution stands. Overdue and due soon are derived from dates, never stored."""

    ISSUED = "issued"
    ROUTED = "routed"
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    FORWARDED = "forwarded"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"


class Command(StrEnum):
    """What someone may try to do with it. `route` and `close` are the system's own."""

    ROUTE = "route"
    ACKNOWLEDGE = "acknowledge"
    START = "start"
    SUBMIT = "submit"
    RETURN = "return"
    FORWARD = "forward"
    ACCEPT = "accept"
    WITHDRAW = "withdraw"
    CLOSE = "close"


class Addressee(StrEnum):
    """Who owes it. An authority's execution skips routing and forwarding."""

    CLUSTER = "cluster"
    AUTHORITY = "authority"


class Party(StrEnum):
    """In which capacity someone acts on an execution."""

    ADDRESSEE = "addressee"
    COORDINATOR = "coordinator"
    CONTROLLER = "controller"
    SYSTEM = "system"


class Origin(StrEnum):
    """Only protocol assignments are scored."""

    PROTOCOL = "protocol"
    OTHER = "other"


class ExecutorRole(StrEnum):
    """Only the lead is scored."""

    LEAD = "lead"
    CO = "co"


WEIGHT: Final[Mapping[Priority, int]] = {
    Priority.PLANNED: 1,
    Priority.IMPORTANT: 2,
    Priority.URGENT: 3,
}
FINAL: Final = frozenset({Status.ACCEPTED, Status.WITHDRAWN})
OPEN: Final = tuple(status for status in Status if status not in FINAL)

STATUS_NAMES: Final[Mapping[Status, str]] = {
    Status.ISSUED: "выдано",
    Status.ROUTED: "у координатора",
    Status.ACKNOWLEDGED: "принято к сведению",
    Status.IN_PROGRESS: "в работе",
    Status.SUBMITTED: "отчёт у координатора",
    Status.RETURNED: "возвращено",
    Status.FORWARDED: "на рассмотрении ЦУР",
    Status.ACCEPTED: "принято",
    Status.WITHDRAWN: "отозвано",
}
COMMAND_NAMES: Final[Mapping[Command, str]] = {
    Command.ROUTE: "направить координатору",
    Command.ACKNOWLEDGE: "принять к сведению",
    Command.START: "начать",
    Command.SUBMIT: "отчитаться",
    Command.RETURN: "вернуть",
    Command.FORWARD: "передать в ЦУР",
    Command.ACCEPT: "принять",
    Command.WITHDRAW: "отозвать",
    Command.CLOSE: "закрыть по событию",
}
PARTY_NAMES: Final[Mapping[Party, str]] = {
    Party.ADDRESSEE: "исполнитель",
    Party.COORDINATOR: "координатор региона",
    Party.CONTROLLER: "контролёр ЦУР",
    Party.SYSTEM: "система",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """Where the command leads, and whose it is in that state."""

    to: Status
    by: Party


_CLUSTER: Final[Mapping[tuple[Status, Command], Rule]] = {
    (Status.ISSUED, Command.ROUTE): Rule(Status.ROUTED, Party.SYSTEM),
    (Status.ROUTED, Command.ACKNOWLEDGE): Rule(Status.ACKNOWLEDGED, Party.COORDINATOR),
    (Status.ACKNOWLEDGED, Command.START): Rule(Status.IN_PROGRESS, Party.ADDRESSEE),
    (Status.RETURNED, Command.START): Rule(Status.IN_PROGRESS, Party.ADDRESSEE),
    (Status.IN_PROGRESS, Command.SUBMIT): Rule(Status.SUBMITTED, Party.ADDRESSEE),
    (Status.SUBMITTED, Command.RETURN): Rule(Status.RETURNED, Party.COORDINATOR),
    (Status.SUBMITTED, Command.FORWARD): Rule(Status.FORWARDED, Party.COORDINATOR),
    (Status.FORWARDED, Command.RETURN): Rule(Status.RETURNED, Party.CONTROLLER),
    (Status.FORWARDED, Command.ACCEPT): Rule(Status.ACCEPTED, Party.CONTROLLER),
}
_AUTHORITY: Final[Mapping[tuple[Status, Command], Rule]] = {
    (Status.ISSUED, Command.ACKNOWLEDGE): Rule(Status.ACKNOWLEDGED, Party.ADDRESSEE),
    (Status.ACKNOWLEDGED, Command.START): Rule(Status.IN_PROGRESS, Party.ADDRESSEE),
    (Status.RETURNED, Command.START): Rule(Status.IN_PROGRESS, Party.ADDRESSEE),
    (Status.IN_PROGRESS, Command.SUBMIT): Rule(Status.SUBMITTED, Party.ADDRESSEE),
    (Status.SUBMITTED, Command.RETURN): Rule(Status.RETURNED, Party.CONTROLLER),
    (Status.SUBMITTED, Command.ACCEPT): Rule(Status.ACCEPTED, Party.CONTROLLER),
    **{(status, Command.CLOSE): Rule(Status.ACCEPTED, Party.SYSTEM) for status in OPEN},
}
_WITHDRAW: Final[Mapping[tuple[Status, Command], Rule]] = {
    (status, Command.WITHDRAW): Rule(Status.WITHDRAWN, Party.CONTROLLER) for status in OPEN
}
RULES: Final[Mapping[Addressee, Mapping[tuple[Status, Command], Rule]]] = {
    Addressee.CLUSTER: {**_CLUSTER, **_WITHDRAW},
    Addressee.AUTHORITY: {**_AUTHORITY, **_WITHDRAW},
}


class ActionNotAllowed(Conflict):
    """The execution's status does not permit the command."""

    code = "action_not_allowed"
    title = "Действие недоступно в этом состоянии"

    def __init__(self, status: Status, command: Command) -> None:
        super().__init__(
            f"Нельзя {COMMAND_NAMES[command]}: исполнение в состоянии «{STATUS_NAMES[status]}»."
        )


class NotYourMove(Forbidden):
    """The command is possible now, but it is someone else's."""

    code = "not_your_move"
    title = "Это действие за другим участником"

    def __init__(self, command: Command, party: Party) -> None:
        super().__init__(f"Сейчас {COMMAND_NAMES[command]} может только {PARTY_NAMES[party]}.")


def next_status(
    addressee: Addressee, status: Status, command: Command, parties: frozenset[Party]
) -> Rule:
    """The rule that applies. Raises `ActionNotAllowed` or `NotYourMove`."""
    rule = RULES[addressee].get((status, command))
    if rule is None:
        raise ActionNotAllowed(status, command)
    if rule.by not in parties:
        raise NotYourMove(command, rule.by)
    return rule


def deadline(due_on: date | None, *, signed_on: date) -> date:
    """The date an item is due, by the control policy: a day that ends in the region's zone.

    Without a date: one month from signing, the same day number or the month's last day. A
    non-working day moves to the preceding working day (Russian production calendar), though
    never before the signing.
    """
    if due_on is None:
        year, month = signed_on.year + signed_on.month // 12, signed_on.month % 12 + 1
        due_on = date(year, month, min(signed_on.day, calendar.monthrange(year, month)[1]))
    return max(preceding_working_day(due_on), min(signed_on, due_on))
