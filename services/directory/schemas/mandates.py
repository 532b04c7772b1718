"""Who is charged with what in an association, and the directions of its work."""

from datetime import date
from typing import Final, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.directory.domain.mandates import MandateKind
from services.directory.schemas.fields import EXAMPLE_ID, Day, example
from shared.pages import Page
from shared.text import Line, unfit

# Kind → the field it must have; a responsible person may have a direction.
_NEEDS: Final = {MandateKind.CURATOR: "cluster_id", MandateKind.EXPERT: "topic"}
_MAY: Final = {MandateKind.RESPONSIBLE: "direction_id"} | _NEEDS


class MandateCreate(BaseModel):
    """A new mandate; both days are included, no last day means until further notice."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "kind": "curator",
                    "person_id": EXAMPLE_ID,
                    "cluster_id": EXAMPLE_ID,
                    "valid_from": "2023-09-15",
                }
            ]
        },
    )

    kind: MandateKind
    person_id: UUID
    cluster_id: UUID | None = Field(default=None, description="Только и обязательно у куратора")
    direction_id: UUID | None = Field(default=None, description="Только у ответственного")
    topic: Line | None = Field(default=None, description="Только и обязательно у эксперта")
    valid_from: Day
    valid_to: Day | None = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        """What a mandate is about depends on its kind."""
        needed = _NEEDS.get(self.kind)
        if needed and getattr(self, needed) is None:
            raise unfit(f"Для такого полномочия нужно поле {needed}")
        for name in _MAY.values():
            if name != _MAY.get(self.kind) and getattr(self, name) is not None:
                raise unfit(f"У такого полномочия нет поля {name}")
        return self


class MandateRead(BaseModel):
    """A mandate."""

    model_config = example(
        id=EXAMPLE_ID, association="metallurgy", kind="curator", person_id=EXAMPLE_ID,
        cluster_id=EXAMPLE_ID, direction_id=None, topic=None, valid_from="2023-09-15",
        valid_to=None, version=1,
    )  # fmt: skip

    id: UUID
    association: str = Field(max_length=64)
    kind: MandateKind
    person_id: UUID
    cluster_id: UUID | None
    direction_id: UUID | None
    topic: str | None = Field(max_length=300)
    valid_from: date
    valid_to: date | None
    version: int


class MandatePage(Page[MandateRead]):
    """A page of mandates."""


class DirectionCreate(BaseModel):
    """A new direction of work."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"name": "Обновление содержания программ", "valid_from": "2023-09-20"}]
        },
    )

    name: Line
    valid_from: Day
    valid_to: Day | None = None


class DirectionRead(BaseModel):
    """A direction of an association's work."""

    model_config = example(
        id=EXAMPLE_ID, association="metallurgy", name="Обновление содержания программ",
        valid_from="2023-09-20", valid_to=None, version=1,
    )  # fmt: skip

    id: UUID
    association: str = Field(max_length=64)
    name: str = Field(max_length=300)
    valid_from: date
    valid_to: date | None
    version: int


class DirectionPage(Page[DirectionRead]):
    """A page of directions."""
