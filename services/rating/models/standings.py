"""Standings worked out from the facts, and which are to be worked out again."""

from datetime import date

from sqlalchemy import BigInteger
from sqlmodel import Field

from services.rating.models.base import Base


class Touched(Base, table=True):
    """A region whose facts have changed since it was last scored; appended, taken by the scorer."""

    __tablename__ = "touched"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    region: str


class Standing(Base, table=True):
    """A region's tally in a period, as last scored. Integers; basis points come of them."""

    __tablename__ = "standings"

    period: str = Field(primary_key=True)
    region: str = Field(primary_key=True)
    numerator: int = Field(sa_type=BigInteger)
    weight: int
    executions: int
    on_time: int
    debts: int
    provisional: int
    delay: int
    returns: int
    extensions: int
    # The local date at whose beginning mere time changes the tally; null where nothing is due.
    next_change: date | None = None
    revision: int = Field(sa_type=BigInteger)
