"""What the score needs of an execution: its only input besides the methodology and the date."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Scored:
    """All that the score looks at; many executions may have it in common.

    Dates are in the region's zone.
    """

    origin: str
    role: str
    addressee: str
    weight: int
    due: date
    status: str
    done: date | None
    returns: int
    returned_on: date | None
    extensions: int


@dataclass(frozen=True, slots=True)
class Facts(Scored):
    """The same of one execution, and whose and which it is."""

    execution_id: UUID
    version: int
    assignment_id: UUID
    cluster_id: UUID | None
    region: str
    cohort: int | None
    industry: str | None
    issued_on: date
    due0: date
