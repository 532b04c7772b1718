"""Dates clients may send: those the production calendar knows."""

from datetime import date
from typing import Annotated

from pydantic import Field

from shared.workdays import FIRST_YEAR, LAST_YEAR

Day = Annotated[date, Field(ge=date(FIRST_YEAR, 1, 1), le=date(LAST_YEAR, 12, 31))]
