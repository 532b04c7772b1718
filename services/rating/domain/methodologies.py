"""The numbers of the methodology «РЭРУ-1»; a version of it is data."""

from dataclasses import dataclass
from datetime import date
from typing import Final

WHOLE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Methodology:
    """The numbers of a methodology; basis points unless a name says days or a count."""

    code: str = "РЭРУ-1"
    version: int = 1
    effective_from: date = date(2023, 10, 1)
    grace_days: int = 3
    late_first: int = 6000
    late_step: int = 400
    late_floor: int = 1000
    return_step: int = 1000
    return_floor: int = 7000
    free_extensions: int = 1
    extension_step: int = 500
    extension_floor: int = 8500
    kappa: int = 3
    initial_mu: int = 8000
    green_from: int = 9000
    yellow_from: int = 7500
    least_for_place: int = 3


RERU_1: Final = Methodology()
