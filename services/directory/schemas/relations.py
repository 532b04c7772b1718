"""Relations of organisations to regions and clusters."""

from datetime import date
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.directory.domain.relations import RULES, RelationKind
from services.directory.schemas.fields import EXAMPLE_ID, Day, example
from shared.pages import Page
from shared.text import RegionCode, unfit


class RelationCreate(BaseModel):
    """An organisation's place in a region or in a cluster; both days are included."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "kind": "managing_company",
                    "organisation_id": EXAMPLE_ID,
                    "cluster_id": EXAMPLE_ID,
                    "valid_from": "2023-09-01",
                }
            ]
        },
    )

    kind: RelationKind
    organisation_id: UUID
    region: RegionCode | None = Field(
        default=None, description="Для наблюдательного совета и органа власти"
    )
    cluster_id: UUID | None = Field(default=None, description="Для всех остальных")
    valid_from: Day
    valid_to: Day | None = None

    @model_validator(mode="after")
    def _has_its_place(self) -> Self:
        """A relation is of a region or of a cluster, by its kind."""
        rule = RULES[self.kind]
        given = [name for name in ("region", "cluster_id") if getattr(self, name) is not None]
        if given != ["region" if rule.of == "region" else "cluster_id"]:
            place = "регион (region)" if rule.of == "region" else "кластер (cluster_id)"
            raise unfit(f"Для связи «{rule.name}» нужен {place}, и только он")
        return self


class RelationEnd(BaseModel):
    """The last day of a relation."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"valid_to": "2023-12-31"}]}
    )

    valid_to: Day


class RelationRead(BaseModel):
    """An organisation's place in a region or in a cluster."""

    model_config = example(
        id=EXAMPLE_ID, kind="managing_company", organisation_id=EXAMPLE_ID,
        organisation_name="УК «Казанский кластер»", region=None, cluster_id=EXAMPLE_ID,
        valid_from="2023-09-01", valid_to=None, version=1,
    )  # fmt: skip

    id: UUID
    kind: RelationKind
    organisation_id: UUID
    organisation_name: str = Field(max_length=300)
    region: str | None = Field(max_length=2)
    cluster_id: UUID | None
    valid_from: date
    valid_to: date | None
    version: int


class RelationPage(Page[RelationRead]):
    """A page of relations."""
