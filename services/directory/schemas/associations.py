"""Associations, their memberships, expansion by a cohort, and who curates which cluster."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.directory.domain.associations import AssociationStatus
from services.directory.schemas.fields import EXAMPLE_ID, Cohort, Day, example
from shared.pages import Page
from shared.text import Code


class AssociationRead(BaseModel):
    """An association; its status is that of the day asked about."""

    model_config = example(
        code="metallurgy", name="Ассоциация кластеров отрасли «Металлургия»",
        status="constituted", constituted_on="2023-09-01", version=1,
    )  # fmt: skip

    code: str = Field(max_length=64)
    name: str = Field(max_length=300)
    status: AssociationStatus
    constituted_on: date | None
    version: int


class AssociationList(BaseModel):
    """All associations the caller may see, and how many of them work on the day."""

    at: date
    constituted: int
    planned: int
    items: list[AssociationRead] = Field(max_length=200)


class AssociationConstitute(BaseModel):
    """The day an association is constituted on."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"constituted_on": "2024-02-14"}]}
    )

    constituted_on: Day


class TenureEnd(BaseModel):
    """The last day of a term."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"valid_to": "2023-12-31"}]}
    )

    valid_to: Day


class MembershipCreate(BaseModel):
    """A cluster joins; both days are included, no last day means until further notice."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"cluster_id": EXAMPLE_ID, "valid_from": "2023-09-15"}]},
    )

    cluster_id: UUID
    valid_from: Day
    valid_to: Day | None = None


class MembershipRead(BaseModel):
    """A membership."""

    model_config = example(
        id=EXAMPLE_ID, association="metallurgy", cluster_id=EXAMPLE_ID, valid_from="2023-09-15",
        valid_to=None, version=1,
    )  # fmt: skip

    id: UUID
    association: str = Field(max_length=64)
    cluster_id: UUID
    valid_from: date
    valid_to: date | None
    version: int


class MembershipPage(Page[MembershipRead]):
    """A page of memberships."""


class Expansion(BaseModel):
    """All clusters of a cohort join the associations of their industries on a day."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"cohort": 2023, "valid_from": "2023-11-20"}]},
    )

    cohort: Cohort
    valid_from: Day
    associations: list[Code] | None = Field(
        default=None, min_length=1, max_length=100, description="Коды отраслей; без них — все свои"
    )


class JoiningCluster(BaseModel):
    """A cluster that joins."""

    association: str = Field(max_length=64)
    cluster_id: UUID
    code: str = Field(max_length=64)
    name: str = Field(max_length=300)
    region: str = Field(max_length=2)


class LeftOut(BaseModel):
    """Clusters whose association is not there on the day."""

    association: str = Field(max_length=64)
    clusters: int


class ExpansionRead(BaseModel):
    """Who joins, how many are members already, and whom no association can take yet."""

    cohort: int
    valid_from: date
    joining: list[JoiningCluster] = Field(max_length=5000)
    already: int
    left_out: list[LeftOut] = Field(max_length=200)


class CuratedCluster(BaseModel):
    """A cluster of the industry, with its curator on the day."""

    cluster_id: UUID
    code: str = Field(max_length=64)
    name: str = Field(max_length=300)
    region: str = Field(max_length=2)
    is_member: bool
    curator_id: UUID | None


class CuratorCoverage(BaseModel):
    """Which active clusters of the industry have a curator on the day, and which do not."""

    at: date
    total: int
    with_curator: int
    without_curator: int
    items: list[CuratedCluster] = Field(max_length=5000)
