"""Fields several messages have."""

from datetime import date
from typing import Annotated, Final

from pydantic import (
    ConfigDict,
    Field,
)
from pydantic.config import JsonDict

EXAMPLE_ID: Final = "0190c5a0-0000-7000-8000-0000000000aa"


Cohort = Annotated[int, Field(ge=2022, le=2100, examples=[2023])]


Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2100, 12, 31))]


def example(**values: object) -> ConfigDict:
    example: JsonDict = dict(values)  # type: ignore[arg-type]
    return ConfigDict(from_attributes=True, json_schema_extra={"examples": [example]})
