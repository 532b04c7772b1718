"""Terms from a day to a day, both included: memberships, mandates, directions of work."""

from datetime import date
from typing import Protocol

from services.directory.domain.appointments import DatesReversed
from shared.errors import Conflict


class Tenure(Protocol):
    """A row that holds from a day on; no last day means until further notice."""

    valid_from: date
    valid_to: date | None
    version: int


class TenureOverlaps(Conflict):
    """The same place is taken in some of these days."""

    code = "tenure_overlaps"
    title = "Место в эти даты уже занято"


class TenureEndedAlready(Conflict):
    """The term has its last day already, and it may only come nearer."""

    code = "tenure_already_ended"
    title = "Последний день уже назван"


def check_order(valid_from: date, valid_to: date | None) -> None:
    """Raises `DatesReversed`."""
    if valid_to is not None and valid_to < valid_from:
        raise DatesReversed(
            f"Последний день раньше первого ({valid_from:%d.%m.%Y}).", field="body.valid_to"
        )


def end(tenure: Tenure, valid_to: date) -> None:
    """Name the last day, or bring it nearer. Raises `TenureEndedAlready`, `DatesReversed`."""
    if tenure.valid_to is not None and tenure.valid_to <= valid_to:
        raise TenureEndedAlready(
            f"Последний день уже назван: {tenure.valid_to:%d.%m.%Y}. Его можно приблизить,"
            " но не отдалить.",
            field="body.valid_to",
        )
    check_order(tenure.valid_from, valid_to)
    tenure.valid_to = valid_to
    tenure.version += 1
