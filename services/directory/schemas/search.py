"""What a search by name finds."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from services.directory.domain.search import Found
from services.directory.schemas.fields import example
from shared.text import clean_line

Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=2, max_length=200),
    AfterValidator(clean_line),
]


class Hit(BaseModel):
    """Something that has such a name, and where to read it. Never a phone or an e-mail."""

    model_config = example(
        kind="region", id=None, code="16", name="Республика Татарстан (Татарстан)", region="16",
        score=2.58, read_at="/v1/regions/16",
    )  # fmt: skip

    kind: Found
    id: UUID | None = Field(description="У региона его нет: он — по коду")
    code: str | None = Field(max_length=64, description="У человека его нет")
    name: str = Field(max_length=300)
    region: str | None = Field(max_length=2)
    score: float = Field(description="Чем больше, тем ближе к запросу")
    read_at: str = Field(max_length=100)


class SearchResult(BaseModel):
    """What was found, the best first."""

    items: list[Hit] = Field(max_length=50)
