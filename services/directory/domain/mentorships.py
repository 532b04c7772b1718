"""A cluster passes its experience on to another of its industry, which says whether it did."""

from datetime import date
from enum import StrEnum

from shared.errors import Conflict, Invalid


class MentorshipStatus(StrEnum):
    """How far a mentorship has come."""

    AGREED = "agreed"
    COMPLETED = "completed"
    CONFIRMED = "confirmed"


class SameCluster(Invalid):
    """A cluster is no mentor of itself."""

    code = "same_cluster"
    title = "Кластер не наставник самому себе"


class MentorshipCompletedAlready(Conflict):
    """An outcome is told once."""

    code = "mentorship_already_completed"
    title = "Итог уже назван"


class OutcomeMissing(Conflict):
    """Nothing is confirmed before there is an outcome."""

    code = "mentorship_without_outcome"
    title = "Итога ещё нет"


class MentorshipConfirmedAlready(Conflict):
    """An outcome is confirmed once."""

    code = "mentorship_already_confirmed"
    title = "Итог уже подтверждён"


def status_of(completed_on: date | None, confirmed_on: date | None) -> MentorshipStatus:
    """Agreed, then completed with an outcome, then confirmed by the receiving cluster."""
    if confirmed_on is not None:
        return MentorshipStatus.CONFIRMED
    return MentorshipStatus.AGREED if completed_on is None else MentorshipStatus.COMPLETED


def status_as_of(
    completed_on: date | None, confirmed_on: date | None, at: date
) -> MentorshipStatus:
    """How far it had come by the day."""
    return status_of(
        completed_on if completed_on and completed_on <= at else None,
        confirmed_on if confirmed_on and confirmed_on <= at else None,
    )


def check_confirmable(status: MentorshipStatus) -> None:
    """Raises `OutcomeMissing`, `MentorshipConfirmedAlready`."""
    if status is MentorshipStatus.AGREED:
        raise OutcomeMissing("Сначала наставник называет итог.")
    if status is MentorshipStatus.CONFIRMED:
        raise MentorshipConfirmedAlready("Принимающий кластер уже подтвердил итог.")
