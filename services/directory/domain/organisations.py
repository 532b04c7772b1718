"""What an organisation is in the model of management."""

from enum import StrEnum

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


class UnknownCollege(Invalid):
    """The core college is no organisation of kind college."""

    code = "unknown_college"
    title = "Неизвестный колледж"


class OrganisationInUse(Conflict):
    """It has a place in a region or a cluster on days when it would not be there."""

    code = "organisation_in_use"
    title = "Организация занята"


class UnknownParticipant(Invalid):
    """An organisation that is neither a college nor an enterprise."""

    code = "unknown_participant"
    title = "Не колледж и не предприятие"


class CodeTaken(Conflict):
    """Another one has this code already."""

    code = "code_taken"
    title = "Код уже занят"
