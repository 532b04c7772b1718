"""How organisations stand to regions and clusters, from and to which days."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, Literal

from services.directory.domain.organisations import OrganisationKind
from shared.errors import Conflict, Invalid


class RelationKind(StrEnum):
    """What an organisation is to a region or a cluster."""

    SUPERVISORY_BOARD = "supervisory_board"
    AUTHORITY = "authority"
    MANAGING_COMPANY = "managing_company"
    CORE_COLLEGE = "core_college"
    COLLEGE = "college"
    ENTERPRISE = "enterprise"


@dataclass(frozen=True, slots=True)
class Rule:
    """Whom the relation joins; `alone` where only one organisation may hold it on a day."""

    name: str
    organisation: OrganisationKind
    of: Literal["region", "cluster"]
    alone: bool


RULES: Final[Mapping[RelationKind, Rule]] = {
    RelationKind.SUPERVISORY_BOARD: Rule(
        "наблюдательный совет", OrganisationKind.SUPERVISORY_BOARD, "region", alone=True
    ),
    RelationKind.AUTHORITY: Rule(
        "орган исполнительной власти", OrganisationKind.AUTHORITY, "region", alone=True
    ),
    RelationKind.MANAGING_COMPANY: Rule(
        "управляющая компания", OrganisationKind.MANAGING_COMPANY, "cluster", alone=True
    ),
    RelationKind.CORE_COLLEGE: Rule(
        "базовый колледж", OrganisationKind.COLLEGE, "cluster", alone=True
    ),
    RelationKind.COLLEGE: Rule("колледж", OrganisationKind.COLLEGE, "cluster", alone=False),
    RelationKind.ENTERPRISE: Rule(
        "предприятие", OrganisationKind.ENTERPRISE, "cluster", alone=False
    ),
}


# First day and last, both included; no last day means until further notice.
Term = tuple[date, date | None]
_DAY: Final = timedelta(days=1)


def free_of(first: date, last: date | None, taken: Iterable[Term]) -> list[Term]:
    """The parts of the term on whose days none of the taken ones holds, in order."""
    free: list[Term] = []
    for begins, ends in sorted(taken, key=lambda term: term[0]):
        if last is not None and begins > last:
            break
        if first < begins:
            free.append((first, begins - _DAY))
        if ends is None:
            return free
        first = max(first, ends + _DAY)
    if last is None or first <= last:
        free.append((first, last))
    return free


class UnknownOrganisation(Invalid):
    """An organisation id nobody has."""

    code = "unknown_organisation"
    title = "Неизвестная организация"


class WrongOrganisationKind(Invalid):
    """An organisation of this kind cannot stand so to a region or a cluster."""

    code = "wrong_organisation_kind"
    title = "Организация другого вида"


class OrganisationNotThere(Invalid):
    """The organisation does not exist on some of these days."""

    code = "organisation_not_there"
    title = "Организации в эти даты нет"


class RelationOverlaps(Conflict):
    """The place is taken, or the two are joined already, on some of these days."""

    code = "relation_overlaps"
    title = "В эти даты уже занято"


class RelationEndedAlready(Conflict):
    """The relation has its last day already."""

    code = "relation_already_ended"
    title = "Связь уже завершена"
