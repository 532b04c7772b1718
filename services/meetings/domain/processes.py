"""Cross-cutting processes: stages counted from a cohort's start, and where a cluster stands.

«Late» is never said by anybody: it is what a stage is when its day has passed and it is not done.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.meetings.domain.cyclograms import Offset
from shared.errors import Invalid, NotFound
from shared.text import Code, Line, unfit
from shared.workdays import preceding_working_day

MAX_PROCESSES: Final = 40
MAX_STAGES: Final = 20
Cohort = Annotated[int, Field(strict=True, ge=2022, le=2100)]


class Mark(StrEnum):
    """What can be said of a stage."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    DONE = "done"


class State(StrEnum):
    """Where a stage stands on a day."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    LATE = "late"


class ProcessNotFound(NotFound):
    """The catalogue has no such process."""

    code = "process_not_found"
    title = "Сквозной процесс не найден"


class StageNotFound(NotFound):
    """The process has no such stage, or does not concern the cluster's cohort."""

    code = "stage_not_found"
    title = "Этап не найден"


class ClusterNotFound(NotFound):
    """There is no such cluster, or it is not for this person to see."""

    code = "cluster_not_found"
    title = "Кластер не найден"


class DoneInFuture(Invalid):
    """What is done was done by today."""

    code = "done_in_future"
    title = "Дата выполнения в будущем"


class Stage(BaseModel):
    """A stage of a process."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: Code = Field(examples=["equipment-bought"])
    name: Line = Field(examples=["Оборудование закуплено"])
    offset: Offset


class Catalogued(BaseModel):
    """A process, as it is imported and exported."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "Мастерские и оборудование",
                    "owner": "ФГБОУ ДПО ИРПО",
                    "cohorts": [2022, 2023, 2024],
                    "stages": [
                        {
                            "code": "equipment-bought",
                            "name": "Оборудование закуплено",
                            "offset": {"months": 6, "days": 0},
                        }
                    ],
                    "source": "Пример, не источник",
                }
            ]
        },
    )

    name: Line
    owner: Line
    cohorts: Annotated[tuple[Cohort, ...], Field(min_length=1, max_length=20)]
    stages: Annotated[tuple[Stage, ...], Field(min_length=1, max_length=MAX_STAGES)]
    source: Line = Field(description="Откуда содержание; пример так и назван")

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({one.code for one in self.stages}) != len(self.stages):
            raise unfit("У двух этапов один код")
        if len(set(self.cohorts)) != len(self.cohorts):
            raise unfit("Год отбора назван дважды")
        return self


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of one stage of one cluster, and for which day."""

    mark: Mark
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """A cluster, as far as processes look at it."""

    id: UUID
    name: str
    region: str
    cohort: int


def due_of(stage: Stage, starts_on: date | None) -> date | None:
    """The last day of the stage for a cohort; None where the cohort's start is not known."""
    return preceding_working_day(stage.offset.after(starts_on)) if starts_on else None


def state_of(said: Said | None, due: date | None, at: date) -> State:
    """Where the stage stands at the end of the day `at`."""
    mark = said.mark if said is not None else Mark.NOT_STARTED
    if said is not None and said.on is not None and said.on > at:
        # What was done later was not done then.
        mark = Mark.NOT_STARTED
    if mark is Mark.DONE:
        return State.DONE
    if due is not None and due < at:
        return State.LATE
    return State(mark)


@dataclass(slots=True)
class Tally:
    """How many stages of a region's clusters stand how; `due` are those whose day has passed."""

    clusters: int = 0
    done: int = 0
    in_progress: int = 0
    late: int = 0
    not_started: int = 0

    @property
    def total(self) -> int:
        return self.done + self.in_progress + self.late + self.not_started

    @property
    def late_bp(self) -> int | None:
        """The share of late stages, in basis points; None where there is nothing to do."""
        return self.late * 10_000 // self.total if self.total else None

    def note(self, state: State) -> None:
        match state:
            case State.DONE:
                self.done += 1
            case State.IN_PROGRESS:
                self.in_progress += 1
            case State.LATE:
                self.late += 1
            case State.NOT_STARTED:
                self.not_started += 1


def heat(
    stages: Sequence[Stage],
    cohorts: Collection[int],
    members: Iterable[Member],
    starts: Mapping[int, date],
    said: Mapping[tuple[UUID, str], Said],
    at: date,
) -> dict[str, Tally]:
    """Region → how its clusters stand in one process on the day."""
    dues = {
        (cohort, stage.code): due_of(stage, starts.get(cohort))
        for cohort in cohorts
        for stage in stages
    }
    found: dict[str, Tally] = {}
    for member in members:
        if member.cohort not in cohorts:
            continue
        tally = found.setdefault(member.region, Tally())
        tally.clusters += 1
        for stage in stages:
            due = dues[member.cohort, stage.code]
            tally.note(state_of(said.get((member.id, stage.code)), due, at))
    return found
