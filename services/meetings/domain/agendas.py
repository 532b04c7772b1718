"""What an agenda may hold."""

from enum import StrEnum
from typing import Final

from shared.errors import Conflict, Invalid

MAX_AGENDA_ITEMS: Final = 100


class AgendaKind(StrEnum):
    """The two parts of an agenda a person writes."""

    OPERATIONAL = "operational"
    CROSS_CUTTING = "cross_cutting"


class AgendaClosed(Conflict):
    """The agenda of a meeting that was held or cancelled stays as it was."""

    code = "agenda_closed"
    title = "Повестка закрыта"


class AgendaFull(Conflict):
    """The agenda has as many items as it may."""

    code = "agenda_full"
    title = "В повестке слишком много вопросов"


class UnknownAgendaItem(Invalid):
    """The item names a question that is not on this meeting's agenda."""

    code = "unknown_agenda_item"
    title = "Неизвестный вопрос повестки"
