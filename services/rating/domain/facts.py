"""What the score needs of an execution: its only input besides the methodology and the date."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Facts:
    """What the score needs of an execution; dates are in the region's zone."""

    execution_id: UUID
    version: int
    assignment_id: UUID
    cluster_id: UUID | None
    region: str
    cohort: int | None
    industry: str | None
    origin: str
    role: str
    addressee: str
    weight: int
    issued_on: date
    due0: date
    due: date
    status: str
    done: date | None
    returns: int
    returned_on: date | None
    extensions: int
