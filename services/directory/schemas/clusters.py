"""Clusters."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
)
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from services.directory.domain.clusters import ChangeKind, ClusterStatus
from services.directory.schemas.fields import EXAMPLE_ID, Cohort, Day, example
from shared.pages import Page
from shared.text import Code, Line, RegionCode


class ClusterCreate(BaseModel):
    """A new cluster."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code": "16-2022-01",
                    "name": "Кластер «Машиностроение» № 1",
                    "region": "16",
                    "industry": "mechanical-engineering",
                    "cohort": 2022,
                }
            ]
        },
    )

    code: Code
    name: Line
    region: RegionCode
    industry: Code
    cohort: Cohort
    status: Literal[ClusterStatus.PLANNED, ClusterStatus.ACTIVE] = ClusterStatus.ACTIVE
    core_college_id: UUID | None = None
    since: Day | None = Field(
        default=None, description="Первый день кластера в этом состоянии; без него — сегодня"
    )


class ClusterPatch(BaseModel):
    """What may change of a cluster; what is left out stays. A core college of null is none.

    The status is changed by the commands of a cluster's life.
    """

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "Кластер «Машиностроение» № 2"}]}
    )

    name: Line | SkipJsonSchema[None] = None
    core_college_id: UUID | None = Field(
        default=None, description="Базовый колледж с сегодняшнего дня; null — больше нет"
    )

    @field_validator("name")
    @classmethod
    def _is_something(cls, value: object) -> object:
        """Null is no name; leaving the field out is how it stays."""
        if value is None:
            raise PydanticCustomError("null_not_allowed", "Null is not a value here")
        return value


_ON = Field(default=None, description="С какого дня; без него — с сегодняшнего")


class ClusterStep(BaseModel):
    """From which day a cluster is at work, and why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"on": "2023-10-02"}]}
    )

    on: Day | None = _ON
    reason: Line | None = None


class ClusterEnding(ClusterStep):
    """From which day a cluster is reorganised or closed, and why: a reason is a must."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"on": "2023-12-01", "reason": "Приказ № 12 от 20.11.2023"}]
        },
    )

    reason: Line


class ClusterMerge(ClusterEnding):
    """Into which cluster of the region, from which day, and why."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"into": EXAMPLE_ID, "on": "2023-12-01", "reason": "Общий базовый колледж"}
            ]
        },
    )

    into: UUID


class ClusterMove(ClusterStep):
    """Under which managing company, and from which day; a day to come will do."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"managing_company_id": EXAMPLE_ID, "on": "2023-11-01"}]},
    )

    managing_company_id: UUID


class ClusterRead(BaseModel):
    """A cluster as of a day: its status, core college and managing company are those of then."""

    model_config = example(
        id=EXAMPLE_ID, code="16-2022-01", name="Кластер «Машиностроение» № 1", region="16",
        industry="mechanical-engineering", cohort=2022, status="active",
        status_since="2023-09-01", merged_into=None, core_college_id=None,
        managing_company_id=None, registered_at="2023-09-01T06:00:00Z", version=1,
    )  # fmt: skip

    id: UUID
    code: str = Field(max_length=64)
    name: str = Field(max_length=300)
    region: str = Field(max_length=2)
    industry: str = Field(max_length=64)
    cohort: int
    status: ClusterStatus
    status_since: date
    merged_into: UUID | None = Field(description="К какому кластеру присоединён закрытый")
    core_college_id: UUID | None
    managing_company_id: UUID | None
    registered_at: AwareDatetime
    version: int


class ClusterPage(Page[ClusterRead]):
    """A page of clusters."""


class ClusterChangeRead(BaseModel):
    """An entry of a cluster's timeline: in force from `effective_on`, entered at `recorded_at`."""

    model_config = example(
        id=EXAMPLE_ID, kind="closed", effective_on="2023-12-01", text="Закрыт",
        reason="Приказ № 12 от 20.11.2023", details={}, recorded_at="2023-12-01T08:00:00Z",
        recorded_by="cur_admin",
    )  # fmt: skip

    id: UUID
    kind: ChangeKind
    effective_on: date
    text: str = Field(max_length=1000)
    reason: str | None = Field(max_length=300)
    details: dict[str, str]
    recorded_at: AwareDatetime
    recorded_by: str = Field(max_length=300)


class ClusterTimeline(Page[ClusterChangeRead]):
    """A page of a cluster's timeline, the oldest first."""


class ClusterExportQuery(BaseModel):
    """Which clusters the file has; nothing named, all."""

    model_config = ConfigDict(extra="forbid")

    region: RegionCode | None = None
    industry: Code | None = None
    cohort: Cohort | None = None
    status: ClusterStatus | None = None
