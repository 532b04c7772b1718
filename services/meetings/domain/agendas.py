"""What an agenda may hold, and what becomes of its questions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.errors import Conflict, Invalid, NotFound

MAX_AGENDA_ITEMS: Final = 100
_SHOWN: Final = 10


class AgendaKind(StrEnum):
    """The sections of an agenda, in the order in which they are heard."""

    CONTROL = "control"
    OPERATIONAL = "operational"
    CROSS_CUTTING = "cross_cutting"
    OTHER = "other"


SECTIONS: Final = tuple(AgendaKind)


class AgendaOrigin(StrEnum):
    """Who put the question on the agenda."""

    PERSON = "person"
    TEMPLATE = "template"
    CARRIED = "carried"
    CONTROL = "control"
    PROCESS = "process"


class Outcome(StrEnum):
    """What the meeting made of a question."""

    INFORMATION = "information"
    DECISION = "decision"
    ASSIGNMENT = "assignment"
    CARRIED_OVER = "carried_over"


DECIDED: Final = frozenset({Outcome.INFORMATION, Outcome.DECISION, Outcome.ASSIGNMENT})


class AgendaClosed(Conflict):
    """The agenda of a meeting that was held or cancelled stays as it was."""

    code = "agenda_closed"
    title = "Повестка закрыта"


class AgendaFrozen(Conflict):
    """A frozen agenda keeps its order and its words; late questions may still be added."""

    code = "agenda_frozen"
    title = "Повестка зафиксирована"


class AgendaItemCarried(Conflict):
    """A question that came back leaves the agenda when it is decided where it comes from."""

    code = "agenda_item_carried"
    title = "Вопрос перенесён с прошлого совещания"


class AgendaItemAssigned(Conflict):
    """A question that an item of the protocol names stays on the agenda."""

    code = "agenda_item_assigned"
    title = "По вопросу есть пункт протокола"


class AgendaNotPublished(Conflict):
    """There is no agenda to read: the meeting is a draft, or was called off."""

    code = "agenda_not_published"
    title = "Повестки нет"


class AgendaRevisionUnknown(Invalid):
    """Nobody can have read a revision that is still to come."""

    code = "agenda_revision_unknown"
    title = "Такой редакции повестки ещё нет"


class AgendaAlreadyFrozen(Conflict):
    """Freezing happens once."""

    code = "agenda_already_frozen"
    title = "Повестка уже зафиксирована"


class AgendaFull(Conflict):
    """The agenda has as many items as it may."""

    code = "agenda_full"
    title = "В повестке слишком много вопросов"


class AgendaItemNotFound(NotFound):
    """The meeting's agenda has no question with this id."""

    code = "agenda_item_not_found"
    title = "Вопрос повестки не найден"


class UnknownAgendaItem(Invalid):
    """The item names a question that is not on this meeting's agenda."""

    code = "unknown_agenda_item"
    title = "Неизвестный вопрос повестки"


class AgendaOrderIncomplete(Invalid):
    """A new order names every question once."""

    code = "agenda_order_incomplete"
    title = "Порядок неполный"


class OutcomeTooEarly(Conflict):
    """A question has no outcome before it was heard."""

    code = "outcome_too_early"
    title = "Вопрос ещё не рассмотрен"


class OutcomeNeedsProtocolItem(Conflict):
    """An assignment is an item of the protocol that names the question."""

    code = "outcome_needs_protocol_item"
    title = "Нет пункта протокола по этому вопросу"


class NoNextMeeting(Conflict):
    """A meeting of no series has none that follows, to which a question could be carried."""

    code = "no_next_meeting"
    title = "Следующего совещания нет"


class AgendaUndecided(Conflict):
    """A meeting is closed when every question of its agenda has an outcome."""

    code = "agenda_undecided"
    title = "Есть вопросы без результата"

    def __init__(self, undecided: Sequence["Question"]) -> None:
        named = "; ".join(f"{one.position}. {one.text[:80]}" for one in undecided[:_SHOWN])
        more = len(undecided) - _SHOWN
        super().__init__(
            f"Вопросы без результата: {named}{f' и ещё {more}' if more > 0 else ''}. Укажите"
            " результат, свяжите с пунктом протокола или перенесите на следующее совещание."
        )


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and what became of it."""

    id: UUID
    position: int
    text: str
    outcome: Outcome | None
    # Some item of the protocol names it.
    assigned: bool

    @property
    def result(self) -> Outcome | None:
        """What was recorded; an item of the protocol speaks for itself."""
        return self.outcome or (Outcome.ASSIGNMENT if self.assigned else None)


def check_decided(questions: Iterable[Question]) -> None:
    """Raises `AgendaUndecided` naming the questions without an outcome."""
    undecided = [one for one in questions if one.result is None]
    if undecided:
        raise AgendaUndecided(undecided)


def check_order(wanted: Sequence[UUID], present: Iterable[UUID]) -> None:
    """Raises `AgendaOrderIncomplete` where the order is not one of exactly these questions."""
    if len(set(wanted)) != len(wanted) or set(wanted) != set(present):
        raise AgendaOrderIncomplete(
            "Перечислите все вопросы повестки, каждый один раз.", field="body.items"
        )


@dataclass(frozen=True, slots=True)
class DueStage:
    """A checkpoint or a stage of a process that a meeting should look at, and in which section."""

    kind: AgendaKind
    text: str
    due_on: date
