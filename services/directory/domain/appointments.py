"""Offices and their tenures."""

from datetime import date
from enum import StrEnum
from typing import Final

from shared.errors import Conflict, Forbidden, Invalid


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


# An authority appoints these; its own head is not its to appoint.
OF_THE_AUTHORITY: Final = frozenset({Office.COORDINATOR, Office.DEPUTY})


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


class OfficeReserved(Forbidden):
    """The centre alone appoints to this office."""

    code = "office_reserved"
    title = "На эту должность назначает ЦУР"


class AppointmentBackdated(Invalid):
    """The tenure would begin before today, and the centre alone corrects the past."""

    code = "appointment_backdated"
    title = "Назначение задним числом"


def check_by_authority(office: Office, valid_from: date, *, today: date) -> None:
    """What the head of a region's authority may appoint. Raises `OfficeReserved`,
    `AppointmentBackdated`.
    """
    if office not in OF_THE_AUTHORITY:
        raise OfficeReserved(
            "Орган власти назначает координатора и его заместителя; своего руководителя — нет.",
            field="body.office",
        )
    if valid_from < today:
        raise AppointmentBackdated(
            f"Орган власти назначает с {today:%d.%m.%Y} или позже; более ранний день вносит ЦУР.",
            field="body.valid_from",
        )
