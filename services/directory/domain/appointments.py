"""Offices and their tenures."""

from enum import StrEnum
from typing import Final

from shared.errors import Conflict, Invalid


class Office(StrEnum):
    """What a person may hold in a region; one holder of each at a time."""

    COORDINATOR = "coordinator"
    DEPUTY = "deputy"
    AUTHORITY_HEAD = "authority_head"


OFFICE_NAMES: Final = {
    Office.COORDINATOR: "координатор",
    Office.DEPUTY: "заместитель координатора",
    Office.AUTHORITY_HEAD: "руководитель органа власти",
}


class UnknownPerson(Invalid):
    """A person id nobody has."""

    code = "unknown_person"
    title = "Неизвестный человек"


class DatesReversed(Invalid):
    """The last day comes before the first."""

    code = "dates_reversed"
    title = "Даты перепутаны"


class AppointmentOverlaps(Conflict):
    """Someone holds the office in some of these days."""

    code = "appointment_overlaps"
    title = "Должность в эти даты уже занята"


class AppointmentEndedAlready(Conflict):
    """The tenure has its last day already."""

    code = "appointment_already_ended"
    title = "Назначение уже завершено"
