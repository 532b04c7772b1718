"""Erasures of people."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from services.directory.schemas.fields import EXAMPLE_ID, example
from shared.text import Line, clean

# The `sub` of an account. One that is an address would say who it is wherever it stands.
Subject = Annotated[
    str,
    StringConstraints(pattern=r"^[^@\s]{1,200}$"),
    AfterValidator(clean),
    Field(examples=["7d0f3c52-7f6c-4d8e-9b6d-2f6f0a4f7c11"]),
]


class ErasureCreate(BaseModel):
    """Why the person is erased, and which accounts were theirs."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "reason": "Заявление об отзыве согласия от 01.12.2023, вх. № 118",
                    "subjects": ["7d0f3c52-7f6c-4d8e-9b6d-2f6f0a4f7c11"],
                }
            ]
        },
    )

    reason: Line
    subjects: list[Subject] = Field(
        default=[],
        max_length=20,
        description="`sub` его учётных записей: их личные отборы и календари удаляются тоже",
    )


class ErasureRead(BaseModel):
    """What was done: rows rewritten, and rows that name the person and were left for a human."""

    model_config = example(
        person_id=EXAMPLE_ID,
        called="Удалённый человек 00000012",
        reason="Заявление об отзыве согласия от 01.12.2023, вх. № 118",
        erased_by="cur_admin",
        erased_at="2023-12-01T09:00:00Z",
        rewritten={"people": 1, "import_rows": 2},
        mentioned={"channel_posts": 1},
    )

    person_id: UUID
    called: str = Field(max_length=300, description="Псевдоним вместо имени")
    reason: str = Field(max_length=4000)
    erased_by: str = Field(max_length=300)
    erased_at: AwareDatetime
    rewritten: dict[str, int] = Field(description="Таблица → сколько строк переписано")
    mentioned: dict[str, int] = Field(
        description="Таблица → сколько строк называют человека в тексте и оставлены как есть"
    )
