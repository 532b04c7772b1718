"""Cross-cutting processes and where clusters stand in them."""

from datetime import date
from typing import Final, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from services.meetings.domain.processes import (
    MAX_PROCESSES,
    MAX_STAGES,
    Catalogued,
    Mark,
    Stage,
    State,
)
from services.meetings.schemas.fields import Day, reads
from shared.text import Code, Link, unfit

_STAGE: Final[JsonDict] = {
    "code": "equipment-bought",
    "name": "Оборудование закуплено",
    "offset": {"months": 6, "days": 0},
}
_PROCESS: Final[JsonDict] = {
    "code": "workshops",
    "name": "Мастерские и оборудование",
    "owner": "ФГБОУ ДПО ИРПО",
    "cohorts": [2022, 2023, 2024],
    "stages": [_STAGE],
    "source": "Пример, не источник",
    "version": 1,
}
_STATE: Final[JsonDict] = {
    "cluster_id": "0190c5a0-0000-7000-8000-000000000170",
    "cluster_name": "Кластер «Машиностроение»",
    "region": "16",
    "cohort": 2022,
    "stage": "equipment-bought",
    "stage_name": "Оборудование закуплено",
    "due": "2023-03-01",
    "state": "done",
    "on": "2023-02-27",
    "evidence": "https://cluster.example/act.pdf",
    "set_by": "coordinator-16",
    "set_at": "2023-02-27T10:00:00Z",
    "version": 2,
}
_CELL: Final[JsonDict] = {
    "region": "16",
    "process": "workshops",
    "clusters": 6,
    "total": 24,
    "done": 14,
    "in_progress": 4,
    "late": 3,
    "not_started": 3,
    "late_bp": 1250,
}


class ProcessRead(BaseModel):
    """A process of the catalogue."""

    model_config = reads(_PROCESS)

    code: str = Field(max_length=64)
    name: str = Field(max_length=300)
    owner: str = Field(max_length=300)
    cohorts: list[int] = Field(max_length=20)
    stages: list[Stage] = Field(max_length=MAX_STAGES)
    source: str = Field(max_length=300)
    version: int


class ProcessList(BaseModel):
    """The catalogue."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_PROCESS]}]})

    items: list[ProcessRead] = Field(max_length=1000)


class CatalogueImport(BaseModel):
    """Processes to enter or change, by code; those not named stay."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "processes": {
                        "workshops": {
                            name: value
                            for name, value in _PROCESS.items()
                            if name not in {"code", "version"}
                        }
                    }
                }
            ]
        },
    )

    processes: dict[Code, Catalogued] = Field(min_length=1, max_length=MAX_PROCESSES)


class StateWrite(BaseModel):
    """Where the cluster stands in the stage; what is done has a day and evidence."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "state": "done",
                    "on": "2023-02-27",
                    "evidence": "https://cluster.example/act.pdf",
                }
            ]
        },
    )

    state: Mark
    on: Day | None = None
    evidence: Link | None = None

    @model_validator(mode="after")
    def _proven(self) -> Self:
        if self.state is Mark.DONE and (self.on is None or self.evidence is None):
            raise unfit("Выполненному этапу нужны дата и ссылка на подтверждение")
        return self


class StateRead(BaseModel):
    """Where a cluster stands in a stage on the day asked about."""

    model_config = ConfigDict(json_schema_extra={"examples": [_STATE]})

    cluster_id: UUID
    cluster_name: str = Field(max_length=300)
    region: str = Field(max_length=2)
    cohort: int
    stage: str = Field(max_length=64)
    stage_name: str = Field(max_length=300)
    due: date | None = Field(description="null, пока у года отбора нет циклограммы")
    state: State = Field(description="late — срок прошёл, а этап не выполнен")
    on: date | None
    evidence: str | None = Field(max_length=2100)
    set_by: str | None = Field(max_length=128)
    set_at: AwareDatetime | None
    version: int = Field(description="0 — об этапе ещё ничего не говорили")


class StateList(BaseModel):
    """Where clusters stand in a process, by region and cluster."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"process": "workshops", "at": "2023-10-04", "items": [_STATE]}]
        }
    )

    process: str = Field(max_length=64)
    at: date
    items: list[StateRead] = Field(max_length=40_000)


class HeatCell(BaseModel):
    """How the clusters of a region stand in a process."""

    model_config = reads(_CELL)

    region: str = Field(max_length=2)
    process: str = Field(max_length=64)
    clusters: int
    total: int = Field(description="Этапов у всех кластеров")
    done: int
    in_progress: int
    late: int
    not_started: int
    late_bp: int | None = Field(description="Доля просроченных этапов, базисные пункты")


class HeatRow(BaseModel):
    """A region of the map."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"region": "16", "name": "Республика Татарстан", "cells": [_CELL]}]
        }
    )

    region: str = Field(max_length=2)
    name: str = Field(max_length=300)
    cells: list[HeatCell] = Field(
        max_length=1000, description="Только процессы, которые касаются кластеров региона"
    )


class HeatMapRead(BaseModel):
    """Region × process."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "at": "2023-10-04",
                    "processes": [{"code": "workshops", "name": "Мастерские и оборудование"}],
                    "regions": [{"region": "16", "name": "Республика Татарстан", "cells": [_CELL]}],
                }
            ]
        }
    )

    at: date
    processes: list[dict[str, str]] = Field(max_length=1000)
    regions: list[HeatRow] = Field(max_length=100)


class StageDueRead(BaseModel):
    """A stage whose day comes for a cohort."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "process": "workshops",
                    "process_name": "Мастерские и оборудование",
                    "owner": "ФГБОУ ДПО ИРПО",
                    "stage": "equipment-bought",
                    "stage_name": "Оборудование закуплено",
                    "cohort": 2023,
                    "on": "2024-03-01",
                    "clusters": 120,
                    "done": 87,
                }
            ]
        }
    )

    process: str = Field(max_length=64)
    process_name: str = Field(max_length=300)
    owner: str = Field(max_length=300)
    stage: str = Field(max_length=64)
    stage_name: str = Field(max_length=300)
    cohort: int
    on: date
    clusters: int = Field(description="Сколько кластеров года отбора работает")
    done: int = Field(description="Сколько из них этап уже выполнили")


class StagesDue(BaseModel):
    """What comes within the days asked about."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"at": "2024-02-18", "until": "2024-03-03", "items": []}]}
    )

    at: date
    until: date
    items: list[StageDueRead] = Field(max_length=20_000)
