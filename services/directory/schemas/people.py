"""People."""

from typing import Annotated
from uuid import UUID

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from services.directory.schemas.fields import EXAMPLE_ID, example
from shared.pages import Page
from shared.text import Line

Email = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24}$"
    ),
]


Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9 ()-]{5,30}$")]


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

    model_config = example(
        id=EXAMPLE_ID, full_name="Иванова Анна Сергеевна", email="ivanova@example.org",
        phone="+7 843 000-00-00",
    )  # fmt: skip

    id: UUID
    full_name: str = Field(max_length=300)
    email: str | None = Field(max_length=300)
    phone: str | None = Field(max_length=40)
    erased_at: AwareDatetime | None = Field(
        default=None, description="Когда обезличен; имя тогда — псевдоним"
    )


class PersonPage(Page[PersonRead]):
    """A page of people."""
