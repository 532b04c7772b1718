"""Fields several messages have."""

from datetime import UTC, date, datetime
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, ConfigDict, Field
from pydantic.config import JsonDict

from shared.clock import rfc3339

# Wider than the programme will ever need, and narrow enough for every time zone's arithmetic.
FIRST_YEAR: Final = 2000


LAST_YEAR: Final = 2100


Day = Annotated[date, Field(ge=date(FIRST_YEAR, 1, 1), le=date(LAST_YEAR, 12, 31))]


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(rfc3339),
    Field(ge=datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), le=datetime(LAST_YEAR, 12, 31, tzinfo=UTC)),
    AfterValidator(lambda instant: instant.astimezone(UTC)),
]


Duration = Annotated[int, Field(strict=True, ge=1, le=24 * 60)]


MEETING_ID: Final = "0190c5a0-0000-7000-8000-000000000100"


AGENDA_ITEM_ID: Final = "0190c5a0-0000-7000-8000-000000000101"


PROTOCOL_ID: Final = "0190c5a0-0000-7000-8000-000000000001"


ITEM_ID: Final = "0190c5a0-0000-7000-8000-000000000002"


def reads(example: JsonDict) -> ConfigDict:
    return ConfigDict(from_attributes=True, json_schema_extra={"examples": [example]})
