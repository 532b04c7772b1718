"""Requests to authorities to appoint, and what is refused."""

from shared.errors import Conflict, Invalid


class DueInPast(Invalid):
    """An answer cannot be due before it is asked for."""

    code = "due_in_past"
    title = "Срок уже прошёл"


class OfficeNotVacant(Conflict):
    """Somebody holds the office, or is appointed to it already."""

    code = "office_not_vacant"
    title = "Должность занята"


class RequestOpen(Conflict):
    """The region has been asked already and has not answered yet."""

    code = "appointment_request_open"
    title = "Регион уже запрошен"


class NothingToRequest(Conflict):
    """No region is both vacant and not yet asked."""

    code = "nothing_to_request"
    title = "Запрашивать некого"


class RequestAnswered(Conflict):
    """Who has answered is not reminded."""

    code = "appointment_request_answered"
    title = "На запрос уже ответили"
