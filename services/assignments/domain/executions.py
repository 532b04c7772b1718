"""How an execution moves and who may move it.

Pure decisions: callers bring the state, the actor and the clock. The table `RULES` is the whole
state machine; what is not in it is refused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import product
from typing import Any, Final
from uuid import UUID

from shared.errors import Conflict, Forbidden, Invalid
from shared.events.meetings import Priority


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
    SUPERSEDED = "superseded"


class Command(StrEnum):
    """What someone may try to do with it; the system's own are `BY_ITSELF`."""

    ROUTE = "route"
    REROUTE = "reroute"
    ACKNOWLEDGE = "acknowledge"
    DELEGATE = "delegate"
    START = "start"
    SUBMIT = "submit"
    PRE_CHECK = "pre_check"
    RETURN = "return"
    FORWARD = "forward"
    ACCEPT = "accept"
    ACCEPT_PART = "accept_part"
    REQUEST_EXTENSION = "request_extension"
    CANCEL_EXTENSION = "cancel_extension"
    GRANT_EXTENSION = "grant_extension"
    REFUSE_EXTENSION = "refuse_extension"
    REDATE = "redate"
    WITHDRAW = "withdraw"
    SUPERSEDE = "supersede"
    CLOSE = "close"
    EXPIRE = "expire"


class Addressee(StrEnum):
    """Who owes it. An authority's execution skips routing and forwarding."""

    CLUSTER = "cluster"
    AUTHORITY = "authority"


class Party(StrEnum):
    """In which capacity someone acts on an execution."""

    ADDRESSEE = "addressee"
    COORDINATOR = "coordinator"
    LEAD = "lead"
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


class Track(StrEnum):
    """Which of the three ways an execution goes."""

    CLUSTER = "cluster"
    AUTHORITY = "authority"
    CO = "co"


class Demand(StrEnum):
    """Which evidence the assignment demands with a report."""

    ANY = "any"
    FILE = "file"
    LINK = "link"


WEIGHT: Final[Mapping[Priority, int]] = {
    Priority.PLANNED: 1,
    Priority.IMPORTANT: 2,
    Priority.URGENT: 3,
}
FINAL: Final = frozenset({Status.ACCEPTED, Status.WITHDRAWN, Status.SUPERSEDED})
OPEN: Final = tuple(status for status in Status if status not in FINAL)
UNDER_REVIEW: Final = frozenset({Status.SUBMITTED, Status.FORWARDED})
# Nothing can be edited while someone reviews it.
EDITABLE: Final = tuple(status for status in OPEN if status not in UNDER_REVIEW)
BY_ITSELF: Final = frozenset({Command.ROUTE, Command.REROUTE, Command.CLOSE, Command.EXPIRE})

STATUS_NAMES: Final[Mapping[Status, str]] = {
    Status.ISSUED: "выдано",
    Status.ROUTED: "у координатора",
    Status.ACKNOWLEDGED: "принято к сведению",
    Status.IN_PROGRESS: "в работе",
    Status.SUBMITTED: "отчёт сдан",
    Status.RETURNED: "возвращено",
    Status.FORWARDED: "на рассмотрении ЦУР",
    Status.ACCEPTED: "принято",
    Status.WITHDRAWN: "отозвано",
    Status.SUPERSEDED: "заменено другим поручением",
}
COMMAND_NAMES: Final[Mapping[Command, str]] = {
    Command.ROUTE: "направить координатору",
    Command.REROUTE: "передать новому координатору",
    Command.ACKNOWLEDGE: "принять к сведению",
    Command.DELEGATE: "назначить внутренний срок",
    Command.START: "начать",
    Command.SUBMIT: "отчитаться",
    Command.PRE_CHECK: "отметить предварительную проверку",
    Command.RETURN: "вернуть",
    Command.FORWARD: "передать в ЦУР",
    Command.ACCEPT: "принять",
    Command.ACCEPT_PART: "принять частично",
    Command.REQUEST_EXTENSION: "просить о продлении",
    Command.CANCEL_EXTENSION: "отозвать просьбу о продлении",
    Command.GRANT_EXTENSION: "продлить",
    Command.REFUSE_EXTENSION: "отказать в продлении",
    Command.REDATE: "изменить срок",
    Command.WITHDRAW: "отозвать",
    Command.SUPERSEDE: "заменить другим поручением",
    Command.CLOSE: "закрыть по событию",
    Command.EXPIRE: "отметить просрочку",
}
PARTY_NAMES: Final[Mapping[Party, str]] = {
    Party.ADDRESSEE: "исполнитель",
    Party.COORDINATOR: "координатор региона",
    Party.LEAD: "ответственный исполнитель",
    Party.CONTROLLER: "контролёр ЦУР",
    Party.SYSTEM: "система",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """Where the command leads, and whose it is in that state; the first named acts first."""

    to: Status
    by: tuple[Party, ...]


Rules = Mapping[tuple[Status, Command], Rule]


def _staying(statuses: Iterable[Status], command: Command, *by: Party) -> Rules:
    """The command leaves the status alone."""
    return {(status, command): Rule(status, by) for status in statuses}


_A, _C, _L, _Z, _S = Party.ADDRESSEE, Party.COORDINATOR, Party.LEAD, Party.CONTROLLER, Party.SYSTEM

# The issuer's side may end any open execution, whatever its way.
_ENDED: Final[Rules] = {
    (status, command): Rule(to, (_Z,))
    for status, (command, to) in product(
        OPEN,
        ((Command.WITHDRAW, Status.WITHDRAWN), (Command.SUPERSEDE, Status.SUPERSEDED)),
    )
}
# A decision on a request already made is no editing: a slow one must not cost the region the
# day it asked for in time, so it may come while the report is under review.
_DATED: Final[Rules] = {
    **_staying(EDITABLE, Command.REQUEST_EXTENSION, _A, _C),
    **_staying(OPEN, Command.CANCEL_EXTENSION, _A, _C),
    **_staying(OPEN, Command.GRANT_EXTENSION, _Z),
    **_staying(OPEN, Command.REFUSE_EXTENSION, _Z),
    **_staying(EDITABLE, Command.REDATE, _Z),
    **_staying(EDITABLE, Command.EXPIRE, _S),
}
_WORK: Final[Rules] = {
    (Status.ACKNOWLEDGED, Command.START): Rule(Status.IN_PROGRESS, (_A,)),
    (Status.RETURNED, Command.START): Rule(Status.IN_PROGRESS, (_A,)),
    (Status.IN_PROGRESS, Command.SUBMIT): Rule(Status.SUBMITTED, (_A,)),
}
_ROUTED: Final[Rules] = {
    (Status.ISSUED, Command.ROUTE): Rule(Status.ROUTED, (_S,)),
    **_staying([s for s in OPEN if s is not Status.ISSUED], Command.REROUTE, _S),
    (Status.ROUTED, Command.ACKNOWLEDGE): Rule(Status.ACKNOWLEDGED, (_C,)),
    (Status.ROUTED, Command.DELEGATE): Rule(Status.ACKNOWLEDGED, (_C,)),
    **_staying([Status.ACKNOWLEDGED, Status.IN_PROGRESS, Status.RETURNED], Command.DELEGATE, _C),
}
RULES: Final[Mapping[Track, Rules]] = {
    Track.CLUSTER: {
        **_ROUTED,
        **_WORK,
        **_DATED,
        **_ENDED,
        (Status.SUBMITTED, Command.PRE_CHECK): Rule(Status.SUBMITTED, (_C,)),
        (Status.SUBMITTED, Command.RETURN): Rule(Status.RETURNED, (_C,)),
        # By the system where the coordinator lets the cluster's reports pass by themselves.
        (Status.SUBMITTED, Command.FORWARD): Rule(Status.FORWARDED, (_C, _S)),
        # A report that waits for the coordinator is not handed in, and can be overdue.
        (Status.SUBMITTED, Command.EXPIRE): Rule(Status.SUBMITTED, (_S,)),
        (Status.FORWARDED, Command.RETURN): Rule(Status.RETURNED, (_Z,)),
        (Status.FORWARDED, Command.ACCEPT): Rule(Status.ACCEPTED, (_Z,)),
        (Status.FORWARDED, Command.ACCEPT_PART): Rule(Status.RETURNED, (_Z,)),
    },
    # An authority's execution skips routing and forwarding.
    Track.AUTHORITY: {
        (Status.ISSUED, Command.ACKNOWLEDGE): Rule(Status.ACKNOWLEDGED, (_A,)),
        **_WORK,
        **_DATED,
        **_ENDED,
        (Status.SUBMITTED, Command.RETURN): Rule(Status.RETURNED, (_Z,)),
        (Status.SUBMITTED, Command.ACCEPT): Rule(Status.ACCEPTED, (_Z,)),
        (Status.SUBMITTED, Command.ACCEPT_PART): Rule(Status.RETURNED, (_Z,)),
        **{(status, Command.CLOSE): Rule(Status.ACCEPTED, (_S,)) for status in OPEN},
    },
    # A co-executor owes its part to the lead, who takes it or returns it.
    Track.CO: {
        **_ROUTED,
        **_WORK,
        **_DATED,
        **_ENDED,
        (Status.SUBMITTED, Command.RETURN): Rule(Status.RETURNED, (_L,)),
        (Status.SUBMITTED, Command.ACCEPT): Rule(Status.ACCEPTED, (_L,)),
        # By the system once the lead's own execution has ended.
        **{(status, Command.WITHDRAW): Rule(Status.WITHDRAWN, (_Z, _S)) for status in OPEN},
    },
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

    def __init__(self, command: Command, by: Iterable[Party]) -> None:
        self.by = frozenset(by)
        names = " или ".join(PARTY_NAMES[party] for party in by if party is not Party.SYSTEM)
        super().__init__(f"Сейчас {COMMAND_NAMES[command]} может только {names or 'система'}.")


class PointsInvalid(Invalid):
    """The points to come off control are not (all) among those still on it."""

    code = "points_invalid"
    title = "Пункты указаны неверно"


class EvidenceMissing(Invalid):
    """The report lacks the evidence the assignment demands."""

    code = "evidence_missing"
    title = "Нет требуемого подтверждения"


class FieldsInvalid(Invalid):
    """The report's fields do not answer the assignment's form."""

    code = "report_fields_invalid"
    title = "Поля отчёта заполнены неверно"


class DateInvalid(Invalid):
    """The date cannot be set."""

    code = "date_invalid"
    title = "Такую дату поставить нельзя"


@dataclass(frozen=True, slots=True)
class Order:
    """A command with what it says; each command reads only what concerns it.

    `words` are a reason, a remark or the text of a report; `on` is the date asked for or set;
    `points` come off control; `successor` is the assignment that takes the place of this one.
    """

    command: Command
    words: str | None = None
    evidence: tuple[Mapping[str, Any], ...] = ()
    fields: Mapping[str, Any] | None = None
    points: tuple[int, ...] = ()
    on: date | None = None
    successor: UUID | None = None


def track_of(addressee: Addressee, role: ExecutorRole) -> Track:
    """Which way an execution goes."""
    if role is ExecutorRole.CO:
        return Track.CO
    return Track.CLUSTER if addressee is Addressee.CLUSTER else Track.AUTHORITY


def next_status(
    track: Track, status: Status, command: Command, parties: frozenset[Party]
) -> tuple[Status, Party]:
    """Where the command leads, and in which capacity it is given.

    Raises `ActionNotAllowed` or `NotYourMove`.
    """
    rule = RULES[track].get((status, command))
    if rule is None:
        raise ActionNotAllowed(status, command)
    for party in rule.by:
        if party in parties:
            return rule.to, party
    raise NotYourMove(command, rule.by)


def possible(track: Track, status: Status, parties: frozenset[Party]) -> list[Command]:
    """What these parties may do now, in the order of the table of commands."""
    return [
        command
        for command in Command
        if (rule := RULES[track].get((status, command))) is not None
        and not parties.isdisjoint(rule.by)
    ]


def remaining_points(
    points: Iterable[int], accepted: Iterable[int], coming_off: Iterable[int]
) -> list[int]:
    """The points still on control once these have come off. Raises `PointsInvalid`.

    A partial acceptance leaves something: taking everything off is an acceptance.
    """
    left = sorted(set(points) - set(accepted))
    if not left:
        raise PointsInvalid("У поручения нет пунктов: его принимают целиком.", field="body.points")
    wanted = set(coming_off)
    if not wanted or not wanted <= set(left):
        on_control = ", ".join(map(str, left))
        raise PointsInvalid(f"На контроле пункты: {on_control}.", field="body.points")
    after = [point for point in left if point not in wanted]
    if not after:
        raise PointsInvalid(
            "Это все оставшиеся пункты: примите исполнение целиком.", field="body.points"
        )
    return after


def check_evidence(demand: Demand, evidence: Iterable[Mapping[str, Any]]) -> None:
    """Raise `EvidenceMissing` where the report lacks what the assignment demands."""
    kinds = {item["kind"] for item in evidence}
    if not kinds:
        raise EvidenceMissing(
            "К отчёту нужно подтверждение: файл или ссылка.", field="body.evidence"
        )
    if demand is not Demand.ANY and demand.value not in kinds:
        wanted = "файл" if demand is Demand.FILE else "ссылка"
        raise EvidenceMissing(f"Поручение требует подтверждения: {wanted}.", field="body.evidence")
