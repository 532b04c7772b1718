"""A time of day as clocks on a wall show it: of no zone, for it is local to a place."""

from datetime import time
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from shared.text import unfit


def _written(value: object) -> object:
    """Pydantic alone would take a bare number for seconds since midnight, UTC."""
    if isinstance(value, int | float):
        raise PydanticCustomError("time_parsing", "Expected a time")
    return value


def _without_zone(at: time) -> time:
    if at.tzinfo is not None:
        raise unfit("Время пишется без часового пояса: оно местное")
    return at


WallTime = Annotated[time, BeforeValidator(_written), AfterValidator(_without_zone)]
