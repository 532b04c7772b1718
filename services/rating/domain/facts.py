"""What the score needs of an execution: its only input besides the methodology and the date."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol
from uuid import UUID


class Scored(Protocol):
    """All that the score looks at; dates are in the region's zone."""

    @property
    def origin(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def addressee(self) -> str: ...
    @property
    def weight(self) -> int: ...
    @property
    def due(self) -> date: ...
    @property
    def status(self) -> str: ...
    @property
    def done(self) -> date | None: ...
    @property
    def returns(self) -> int: ...
    @property
    def returned_on(self) -> date | None: ...
    @property
    def extensions(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Likeness:
    """What executions have in common that differ in nothing the score looks at."""

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
