"""A cyclogram: checkpoints of a year of participation, counted from the start of a cohort.

The template is a document with versions; a cohort takes one of them, its own first day, and its
own dates where counting does not fit. A day that is not worked moves to the one before.
"""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.meetings.domain.agendas import AgendaKind
from shared.errors import Conflict, Invalid, NotFound
from shared.events.meetings import Priority
from shared.text import Code, Line, Text, unfit
from shared.workdays import preceding_working_day

MAX_CHECKPOINTS: Final = 100
MAX_DAYS_AHEAD: Final = 92


class CheckpointKind(StrEnum):
    """What happens at a checkpoint."""

    MILESTONE = "milestone"
    REPORT = "report"
    EVENT = "event"
    TRAINING = "training"


class TemplateNotFound(NotFound):
    """The template has no such version."""

    code = "cyclogram_template_not_found"
    title = "Шаблон циклограммы не найден"


class CyclogramNotFound(NotFound):
    """The cohort has no cyclogram yet."""

    code = "cyclogram_not_found"
    title = "Циклограмма не найдена"


class CheckpointNotFound(NotFound):
    """The cohort's cyclogram has no such checkpoint."""

    code = "checkpoint_not_found"
    title = "Контрольная точка не найдена"


class CheckpointWithoutDraft(Conflict):
    """The checkpoint asks nothing of anybody."""

    code = "checkpoint_without_draft"
    title = "У контрольной точки нет проекта поручения"


class UnknownCheckpoint(Invalid):
    """A date is set for a checkpoint the template does not have."""

    code = "unknown_checkpoint"
    title = "Неизвестная контрольная точка"


class Offset(BaseModel):
    """A day counted from the start: whole months first, a shorter month's last day, then days."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    months: Annotated[int, Field(strict=True, ge=0, le=36)] = 0
    days: Annotated[int, Field(strict=True, ge=0, le=60)] = 0

    def after(self, start: date) -> date:
        """The day, worked or not."""
        year, month = divmod(start.year * 12 + start.month - 1 + self.months, 12)
        last = monthrange(year, month + 1)[1]
        return date(year, month + 1, min(start.day, last)) + timedelta(days=self.days)


class AssignmentDraft(BaseModel):
    """What a protocol may ask of the cohort's clusters by the checkpoint's date."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: Text = Field(examples=["Загрузить отчёт о готовности мастерских."])
    priority: Priority = Priority.IMPORTANT
    points: Annotated[tuple[Text, ...], Field(max_length=20)] = ()


class Checkpoint(BaseModel):
    """A checkpoint of the template."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code": "workshops-ready",
                    "title": "Мастерские готовы к работе",
                    "owner": "Кластер",
                    "kind": "milestone",
                    "section": "cross_cutting",
                    "offset": {"months": 6, "days": 0},
                    "draft": {
                        "text": "Загрузить отчёт о готовности мастерских.",
                        "priority": "important",
                        "points": [],
                    },
                }
            ]
        },
    )

    code: Code
    title: Line
    owner: Line
    kind: CheckpointKind
    section: AgendaKind = AgendaKind.CROSS_CUTTING
    offset: Offset
    draft: AssignmentDraft | None = None


class Template(BaseModel):
    """A version of the template, as it is imported and exported."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Line = Field(examples=["Циклограмма первого года участия"])
    source: Line = Field(
        description="Откуда содержание; пример так и назван", examples=["Пример, не источник"]
    )
    checkpoints: Annotated[tuple[Checkpoint, ...], Field(min_length=1, max_length=MAX_CHECKPOINTS)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({one.code for one in self.checkpoints}) != len(self.checkpoints):
            raise unfit("У двух контрольных точек один код")
        return self


@dataclass(frozen=True, slots=True)
class Planned:
    """A checkpoint of a cohort, with its date."""

    cohort: int
    checkpoint: Checkpoint
    nominal: date  # what counting gives, worked or not
    on: date
    by_hand: bool


def timeline(
    checkpoints: Sequence[Checkpoint], cohort: int, starts_on: date, dates: Mapping[str, date]
) -> list[Planned]:
    """The cohort's checkpoints by date. Raises `UnknownCheckpoint`, `OutOfCalendar`."""
    unknown = sorted(set(dates) - {one.code for one in checkpoints})
    if unknown:
        raise UnknownCheckpoint(
            f"В шаблоне нет контрольной точки «{unknown[0]}».", field="body.dates"
        )
    planned = []
    for one in checkpoints:
        nominal = one.offset.after(starts_on)
        on = dates.get(one.code) or preceding_working_day(nominal)
        planned.append(Planned(cohort, one, nominal, on, one.code in dates))
    return sorted(planned, key=lambda one: (one.on, one.nominal, one.checkpoint.code))


def due_within(planned: Sequence[Planned], at: date, days: int) -> list[Planned]:
    """Those whose day is `at` or one of the `days` that follow it."""
    until = at + timedelta(days=days)
    return [one for one in planned if at <= one.on <= until]
