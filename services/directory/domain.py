"""What the directory calls things, and what it refuses. Everything is as of a date."""

from enum import StrEnum
from typing import Final

from shared.errors import Conflict, Invalid


class OrganisationKind(StrEnum):
    """What an organisation is in the model of management."""

    MINISTRY = "ministry"
    OPERATOR = "operator"
    AUTHORITY = "authority"
    SUPERVISORY_BOARD = "supervisory_board"
    MANAGING_COMPANY = "managing_company"
    COLLEGE = "college"
    ENTERPRISE = "enterprise"
    ASSOCIATION = "association"


class Level(StrEnum):
    """The three levels of management."""

    STRATEGIC = "strategic"
    TACTICAL = "tactical"
    OPERATIONAL = "operational"


class ClusterStatus(StrEnum):
    """Where a cluster stands; only active ones are addressed."""

    PLANNED = "planned"
    ACTIVE = "active"
    REORGANISED = "reorganised"
    CLOSED = "closed"


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
MAX_ADDRESSEES: Final = 2000


class UnknownRegion(Invalid):
    """A region code nobody has."""

    code = "unknown_region"
    title = "Неизвестный регион"


class UnknownIndustry(Invalid):
    """An industry code nobody has."""

    code = "unknown_industry"
    title = "Неизвестная отрасль"


class UnknownCluster(Invalid):
    """A cluster id nobody has."""

    code = "unknown_cluster"
    title = "Неизвестный кластер"


class UnknownPerson(Invalid):
    """A person id nobody has."""

    code = "unknown_person"
    title = "Неизвестный человек"


class UnknownCollege(Invalid):
    """The core college is no organisation of kind college."""

    code = "unknown_college"
    title = "Неизвестный колледж"


class DatesReversed(Invalid):
    """The last day comes before the first."""

    code = "dates_reversed"
    title = "Даты перепутаны"


class SelectorNotForAuthorities(Invalid):
    """Authorities are addressed by region; clusters, cohorts and industries say nothing of them."""

    code = "selector_not_for_authorities"
    title = "Отбор не подходит органам власти"


class TooManyAddressees(Invalid):
    """More addressees than one instruction may have."""

    code = "too_many_addressees"
    title = "Слишком много адресатов"


class CodeTaken(Conflict):
    """Another one has this code already."""

    code = "code_taken"
    title = "Код уже занят"


class ClusterCodeTaken(CodeTaken):
    """Another cluster has this code already."""

    code = "cluster_code_taken"


class AppointmentOverlaps(Conflict):
    """Someone holds the office in some of these days."""

    code = "appointment_overlaps"
    title = "Должность в эти даты уже занята"


class AppointmentEndedAlready(Conflict):
    """The tenure has its last day already."""

    code = "appointment_already_ended"
    title = "Назначение уже завершено"


def sort_key(name: str) -> str:
    """How names are ordered for people: case and ё do not matter."""
    return name.casefold().replace("ё", "е")
