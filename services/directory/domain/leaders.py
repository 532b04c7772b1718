"""Leaders are proposed by slices and practices, and are leaders once a person says so."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.directory.domain.association_policies import AssociationPolicy
from shared.errors import Conflict, NotFound


class LeaderKind(StrEnum):
    """Who leads."""

    REGION = "region"
    COLLEGE = "college"
    ENTERPRISE = "enterprise"


class LeaderSource(StrEnum):
    """What proposed the leader."""

    SLICE = "slice"
    PRACTICE = "practice"


class LeaderStatus(StrEnum):
    """Proposed until a person decides; lapsed where a revised slice no longer says so."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    LAPSED = "lapsed"


class LeaderNotFound(NotFound):
    """No leader has this id, or the caller may not know of the proposal."""

    code = "leader_not_found"
    title = "Лидер не найден"


class LeaderDecidedAlready(Conflict):
    """A proposal is decided once."""

    code = "leader_already_decided"
    title = "Решение уже принято"


@dataclass(frozen=True, slots=True)
class Line:
    """A region's line of a slice; scores are basis points."""

    region: str
    stabilised_bp: int | None
    zone: str | None
    place: int | None


def leading(lines: Sequence[Line], policy: AssociationPolicy) -> list[Line]:
    """The regions a slice proposes, best first: placed high enough and in the zone."""
    found = [
        line
        for line in lines
        if line.place is not None
        and line.place <= policy.leader_places
        and line.zone == policy.leader_zone
    ]
    return sorted(found, key=lambda line: (line.place or 0, line.region))


def basis_of(period: str, line: Line) -> str:
    """Why a slice proposes the region, for people."""
    whole, part = divmod(line.stabilised_bp or 0, 100)
    return f"Срез рейтинга за {period}: место {line.place}, оценка {whole},{part:02}."
