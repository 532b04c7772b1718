"""Cyclograms and their templates."""

from datetime import date
from typing import Annotated, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.meetings.domain.agendas import AgendaKind
from services.meetings.domain.cyclograms import (
    MAX_CHECKPOINTS,
    AssignmentDraft,
    Checkpoint,
    CheckpointKind,
)
from services.meetings.schemas.fields import AGENDA_ITEM_ID, LAST_YEAR, Day, reads
from shared.text import Code

Cohort = Annotated[int, Field(ge=2022, le=LAST_YEAR)]

_DRAFT: Final[JsonDict] = {
    "text": "Загрузить отчёт о готовности мастерских.",
    "priority": "important",
    "points": [],
}
_CHECKPOINT: Final[JsonDict] = {
    "code": "workshops-ready",
    "title": "Мастерские готовы к работе",
    "owner": "Кластер",
    "kind": "milestone",
    "section": "cross_cutting",
    "offset": {"months": 6, "days": 0},
    "draft": _DRAFT,
}
_TEMPLATE: Final[JsonDict] = {
    "version": 1,
    "title": "Циклограмма первого года участия",
    "source": "Пример, не источник",
    "checkpoints": [_CHECKPOINT],
    "created_by": "secretary",
    "created_at": "2023-09-01T07:00:00Z",
}
_PLANNED: Final[JsonDict] = {
    "cohort": 2023,
    "code": "workshops-ready",
    "title": "Мастерские готовы к работе",
    "owner": "Кластер",
    "kind": "milestone",
    "section": "cross_cutting",
    "nominal": "2024-03-01",
    "on": "2024-03-01",
    "by_hand": False,
    "days_left": 12,
    "draft": _DRAFT,
}


class TemplateRead(BaseModel):
    """A version of the template."""

    model_config = reads(_TEMPLATE)

    version: int
    title: str = Field(max_length=300)
    source: str = Field(max_length=300, description="Откуда содержание")
    checkpoints: list[Checkpoint] = Field(max_length=MAX_CHECKPOINTS)
    created_by: str = Field(max_length=128)
    created_at: AwareDatetime


class TemplateList(BaseModel):
    """Versions of the template, the newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_TEMPLATE]}]})

    items: list[TemplateRead] = Field(max_length=200)


class CyclogramWrite(BaseModel):
    """What a cohort's year is made of."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "template": 1,
                    "starts_on": "2023-09-01",
                    "dates": {"workshops-ready": "2024-03-15"},
                }
            ]
        },
    )

    template: int = Field(strict=True, ge=1, le=1_000_000, description="Версия шаблона")
    starts_on: Day = Field(description="Первый день участия: от него считаются все даты")
    dates: dict[Code, Day] = Field(
        default_factory=dict,
        max_length=MAX_CHECKPOINTS,
        description="Свои даты точек, где счёт не подходит",
    )


class PlannedRead(BaseModel):
    """A checkpoint of a cohort, with its date."""

    model_config = reads(_PLANNED)

    cohort: int
    code: str = Field(max_length=64)
    title: str = Field(max_length=300)
    owner: str = Field(max_length=300)
    kind: CheckpointKind
    section: AgendaKind = Field(description="Раздел повестки, в который попадает")
    nominal: date = Field(description="Что даёт счёт, до переноса с нерабочего дня")
    on: date
    by_hand: bool = Field(description="Дата назначена вручную")
    days_left: int = Field(description="Дней до даты; прошло — отрицательное")
    draft: AssignmentDraft | None = Field(description="Проект поручения")


class CyclogramRead(BaseModel):
    """A cohort's cyclogram as a timeline."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "cohort": 2023,
                    "template": 1,
                    "title": "Циклограмма первого года участия",
                    "source": "Пример, не источник",
                    "starts_on": "2023-09-01",
                    "at": "2024-02-18",
                    "version": 1,
                    "items": [_PLANNED],
                }
            ]
        }
    )

    cohort: int
    template: int
    title: str = Field(max_length=300)
    source: str = Field(max_length=300)
    starts_on: date
    at: date
    version: int
    items: list[PlannedRead] = Field(max_length=MAX_CHECKPOINTS)


class CheckpointsDue(BaseModel):
    """What comes within the days asked about, of all cohorts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"at": "2024-02-18", "until": "2024-03-03", "items": [_PLANNED]}]
        }
    )

    at: date
    until: date
    items: list[PlannedRead] = Field(max_length=10_000)


class FromCheckpoint(BaseModel):
    """Which checkpoint's draft becomes an item."""

    model_config = ConfigDict(extra="forbid")

    cohort: Cohort = Field(examples=[2023])
    checkpoint: Code = Field(examples=["workshops-ready"])
    agenda_item_id: UUID | None = Field(default=None, examples=[AGENDA_ITEM_ID])


class ExamplesLoaded(BaseModel):
    """What loading the examples has made; what was there is left as it is."""

    model_config = reads({"templates": 1, "cyclograms": 3, "processes": 6})

    templates: int
    cyclograms: int
    processes: int
