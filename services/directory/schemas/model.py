"""The model of management: the scheme with who fills it, and the two axes down to the clusters."""

from datetime import date
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.directory.domain.associations import AssociationStatus
from services.directory.domain.clusters import ClusterStatus
from services.directory.domain.mandates import MandateKind
from services.directory.domain.scheme import Axis, RoleCode
from services.directory.schemas.regions import IndustryRead

_UNNAMED: Final = "Пусто для тех, кому этот человек не виден"


class HolderRead(BaseModel):
    """Who fills a role: an organisation, of which region; or an association, of which industry."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID | None = None
    industry: str | None = Field(default=None, max_length=64)
    name: str = Field(max_length=300)
    region: str | None = Field(default=None, max_length=2)


class ModelRole(BaseModel):
    """A role of the scheme, how many fill it on the day, and who (the first 200)."""

    code: RoleCode
    name: str = Field(max_length=300)
    filled: int
    holders: list[HolderRead] = Field(max_length=200)
    read_at: str = Field(max_length=300, description="Где прочесть всех", examples=["/v1/clusters"])


class ModelFunction(BaseModel):
    """What some roles do together, and on which axis."""

    code: str = Field(max_length=64)
    name: str | None = Field(max_length=300)
    axis: Axis | None
    roles: list[ModelRole] = Field(max_length=20)


class ModelLevel(BaseModel):
    """A level of management."""

    code: str = Field(max_length=64)
    name: str = Field(max_length=300)
    functions: list[ModelFunction] = Field(max_length=20)


class ModelAxis(BaseModel):
    """One of the two ways down to a cluster, and where its tree is read."""

    code: Axis
    name: str = Field(max_length=300)
    read_at: str = Field(max_length=300, examples=["/v1/model/regions/{code}"])


class Model(BaseModel):
    """The model of management as of a day, in the source's words."""

    at: date
    principle: str = Field(max_length=300)
    axes: list[ModelAxis] = Field(max_length=2)
    levels: list[ModelLevel] = Field(max_length=10)
    ground: ModelRole


class Named(BaseModel):
    """An organisation by name."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str = Field(max_length=300)


class OfficeHolder(BaseModel):
    """Who holds an office, since when and until when."""

    model_config = ConfigDict(from_attributes=True)

    appointment_id: UUID
    person_id: UUID
    full_name: str | None = Field(max_length=300, description=_UNNAMED)
    valid_from: date
    valid_to: date | None


class ClusterNode(BaseModel):
    """A cluster in a tree: it has both a region and an industry."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    code: str = Field(max_length=64)
    name: str = Field(max_length=300)
    region: str = Field(max_length=2)
    industry: str = Field(max_length=64)
    cohort: int
    status: ClusterStatus
    managing_company: Named | None
    core_college: Named | None
    curator_id: UUID | None = Field(description="Куратор от отраслевой ассоциации")


class ManagingCompany(Named):
    """A managing company and the clusters of the region it manages."""

    clusters: list[UUID] = Field(max_length=1000)


class RegionNode(BaseModel):
    """The region of a tree."""

    model_config = ConfigDict(from_attributes=True)

    code: str = Field(max_length=2)
    name: str = Field(max_length=300)
    federal_district: str = Field(max_length=300)


class RegionModel(BaseModel):
    """Regional management of one region on a day, down to its clusters that are not closed."""

    at: date
    region: RegionNode
    supervisory_board: Named | None
    authority: Named | None
    authority_head: OfficeHolder | None
    coordinator: OfficeHolder | None
    deputy: OfficeHolder | None
    managing_companies: list[ManagingCompany] = Field(max_length=1000)
    clusters: list[ClusterNode] = Field(max_length=1000)


class MandateHolder(BaseModel):
    """A person charged by an association: with a cluster, with everything, or as its chair."""

    model_config = ConfigDict(from_attributes=True)

    mandate_id: UUID
    kind: MandateKind
    person_id: UUID
    full_name: str | None = Field(max_length=300, description=_UNNAMED)
    cluster_id: UUID | None
    valid_from: date
    valid_to: date | None


class AssociationNode(BaseModel):
    """The association of the industry."""

    code: str = Field(max_length=64)
    name: str = Field(max_length=300)
    status: AssociationStatus
    constituted_on: date | None


class IndustryModel(BaseModel):
    """Sectoral support of one industry on a day, down to its clusters that are not closed."""

    at: date
    industry: IndustryRead
    association: AssociationNode | None
    chair: MandateHolder | None
    curators: list[MandateHolder] = Field(max_length=1000)
    clusters: list[ClusterNode] = Field(max_length=1000)
