"""Associations of clusters: planned until constituted on a day, one for an industry."""

from datetime import date
from enum import StrEnum

from shared.errors import Conflict, Invalid


class AssociationStatus(StrEnum):
    """Where an association stands on a day."""

    PLANNED = "planned"
    CONSTITUTED = "constituted"


class AssociationConstitutedAlready(Conflict):
    """An association is constituted once."""

    code = "association_already_constituted"
    title = "Ассоциация уже создана"


class AssociationNotConstituted(Conflict):
    """A planned association has no members, no chair and no work yet."""

    code = "association_not_constituted"
    title = "Ассоциация ещё не создана"


class ClusterOfAnotherIndustry(Invalid):
    """An association is of clusters of its own industry."""

    code = "cluster_of_another_industry"
    title = "Кластер другой отрасли"


def status_at(constituted_on: date | None, at: date) -> AssociationStatus:
    """Planned until its day has come."""
    if constituted_on is not None and constituted_on <= at:
        return AssociationStatus.CONSTITUTED
    return AssociationStatus.PLANNED


def check_constituted(name: str, constituted_on: date | None, at: date) -> None:
    """Raises `AssociationNotConstituted`."""
    if status_at(constituted_on, at) is AssociationStatus.PLANNED:
        raise AssociationNotConstituted(f"{name}: на {at:%d.%m.%Y} ассоциация ещё не создана.")
