"""What clients of the directory send and get. Never a table."""

from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
)
from pydantic.config import JsonDict
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from services.directory.domain import ClusterStatus, Level, Office, OrganisationKind
from shared.pages import Page
from shared.text import Code, Line, RegionCode

_ID: Final = "0190c5a0-0000-7000-8000-0000000000aa"
Cohort = Annotated[int, Field(ge=2022, le=2100, examples=[2023])]
Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))]
Email = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24}$"
    ),
]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9 ()-]{5,30}$")]


def _example(**values: object) -> ConfigDict:
    example: JsonDict = dict(values)  # type: ignore[arg-type]
    return ConfigDict(from_attributes=True, json_schema_extra={"examples": [example]})


class RegionRead(BaseModel):
    """A region."""

    model_config = _example(
        code="16",
        name="Республика Татарстан (Татарстан)",
        short_name="Татарстан",
        federal_district="ПФО",
        timezone="Europe/Moscow",
        authority="Министерство образования и науки Республики Татарстан",
        version=1,
    )

    code: str = Field(max_length=2)
    name: str = Field(max_length=300)
    short_name: str = Field(max_length=300)
    federal_district: str = Field(max_length=300)
    timezone: str = Field(max_length=64, description="Часовой пояс IANA: когда в регионе полночь")
    authority: str = Field(max_length=300)
    version: int


class RegionPage(Page[RegionRead]):
    """A page of regions."""


class RegionName(BaseModel):
    """A region by name."""

    model_config = ConfigDict(from_attributes=True)

    code: str = Field(max_length=2)
    name: str = Field(max_length=300)


class Coverage(BaseModel):
    """How many regions have a coordinator on the date."""

    at: date
    total: int
    appointed: int
    vacant: int
    vacant_regions: list[RegionName] = Field(max_length=200)


class IndustryRead(BaseModel):
    """An industry."""

    model_config = _example(code="mechanical-engineering", name="Машиностроение")

    code: str = Field(max_length=64)
    name: str = Field(max_length=300)


class IndustryList(BaseModel):
    """All industries."""

    items: list[IndustryRead] = Field(max_length=200)


class Loaded(BaseModel):
    """What loading one list of reference data did."""

    created: int
    changed: int
    unchanged: int


class ReferenceLoaded(BaseModel):
    """What loading the reference data did."""

    regions: Loaded
    industries: Loaded
    organisations: Loaded


class OrganisationCreate(BaseModel):
    """A new organisation."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "code": "kzn-college-1",
                    "name": "Казанский политехнический колледж",
                    "kind": "college",
                    "level": "operational",
                    "region": "16",
                }
            ]
        },
    )

    code: Code
    name: Line
    kind: OrganisationKind
    level: Level
    region: RegionCode | None = None


class OrganisationRead(BaseModel):
    """An organisation."""

    model_config = _example(
        id=_ID, code="rsv", name="АНО «РСВ»", kind="operator", level="strategic", region=None,
        version=1,
    )  # fmt: skip

    id: UUID
    code: str = Field(max_length=64)
    name: str = Field(max_length=300)
    kind: OrganisationKind
    level: Level
    region: str | None = Field(max_length=2)
    version: int


class OrganisationPage(Page[OrganisationRead]):
    """A page of organisations."""


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


class ClusterPatch(BaseModel):
    """What may change of a cluster; what is left out stays. A core college of null is none."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"status": "closed"}]}
    )

    name: Line | SkipJsonSchema[None] = None
    status: ClusterStatus | SkipJsonSchema[None] = None
    core_college_id: UUID | None = None

    @field_validator("name", "status")
    @classmethod
    def _is_something(cls, value: object) -> object:
        """Null is no name and no status; leaving the field out is how it stays."""
        if value is None:
            raise PydanticCustomError("null_not_allowed", "Null is not a value here")
        return value


class ClusterRead(BaseModel):
    """A cluster."""

    model_config = _example(
        id=_ID, code="16-2022-01", name="Кластер «Машиностроение» № 1", region="16",
        industry="mechanical-engineering", cohort=2022, status="active", core_college_id=None,
        registered_at="2023-09-01T06:00:00Z", version=1,
    )  # fmt: skip

    id: UUID
    code: str = Field(max_length=64)
    name: str = Field(max_length=300)
    region: str = Field(max_length=2)
    industry: str = Field(max_length=64)
    cohort: int
    status: ClusterStatus
    core_college_id: UUID | None
    registered_at: AwareDatetime
    version: int


class ClusterPage(Page[ClusterRead]):
    """A page of clusters."""


class PersonCreate(BaseModel):
    """A new person."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "full_name": "Иванова Анна Сергеевна",
                    "email": "ivanova@example.org",
                    "phone": "+7 843 000-00-00",
                }
            ]
        },
    )

    full_name: Line
    email: Email | None = None
    phone: Phone | None = None


class PersonRead(BaseModel):
    """A person. E-mail and phone are null for those who need not know them."""

    model_config = _example(
        id=_ID, full_name="Иванова Анна Сергеевна", email="ivanova@example.org",
        phone="+7 843 000-00-00",
    )  # fmt: skip

    id: UUID
    full_name: str = Field(max_length=300)
    email: str | None = Field(max_length=300)
    phone: str | None = Field(max_length=40)


class PersonPage(Page[PersonRead]):
    """A page of people."""


class AppointmentCreate(BaseModel):
    """A new tenure; both days are included, no last day means until further notice."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "region": "16",
                    "office": "coordinator",
                    "person_id": _ID,
                    "valid_from": "2023-09-15",
                }
            ]
        },
    )

    region: RegionCode
    office: Office
    person_id: UUID
    valid_from: Day
    valid_to: Day | None = None


class AppointmentEnd(BaseModel):
    """The last day of a tenure."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"valid_to": "2023-12-31"}]}
    )

    valid_to: Day


class AppointmentRead(BaseModel):
    """A tenure."""

    model_config = _example(
        id=_ID, region="16", office="coordinator", person_id=_ID, valid_from="2023-09-15",
        valid_to=None, version=1,
    )  # fmt: skip

    id: UUID
    region: str = Field(max_length=2)
    office: Office
    person_id: UUID
    valid_from: date
    valid_to: date | None
    version: int


class AppointmentPage(Page[AppointmentRead]):
    """A page of appointments."""


class AddresseesQuery(BaseModel):
    """Whom an instruction is for, as of a date. Empty lists restrict nothing."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"kind": "cluster", "cohorts": [2022], "at": "2023-10-04"}]
        },
    )

    kind: Literal["cluster", "authority"]
    clusters: list[UUID] = Field(default_factory=list, max_length=2000)
    regions: list[RegionCode] = Field(default_factory=list, max_length=100)
    cohorts: list[Cohort] = Field(default_factory=list, max_length=50)
    industries: list[Code] = Field(default_factory=list, max_length=100)
    at: Day


class AddresseeRead(BaseModel):
    """Someone who owes an execution, with what the execution needs to know of the region."""

    model_config = ConfigDict(from_attributes=True)

    cluster_id: UUID | None = None
    cluster_code: str | None = Field(default=None, max_length=64)
    cluster_name: str | None = Field(default=None, max_length=300)
    region: str = Field(max_length=2)
    region_name: str = Field(max_length=300)
    timezone: str = Field(max_length=64)
    cohort: int | None = None
    industry: str | None = Field(default=None, max_length=64)
    coordinator_id: UUID | None
    authority_head_id: UUID | None


class Addressees(BaseModel):
    """Everyone addressed, by region and cluster code."""

    at: date
    items: list[AddresseeRead] = Field(max_length=2000)
