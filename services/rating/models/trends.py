"""Where the regions stood at the end of each day, worked out of the facts."""

from datetime import date

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel

from services.rating.models.base import Base


class TallyColumns(SQLModel):
    """A tally's numbers. Scores come of them with μ, and so are not stored."""

    numerator: int = Field(sa_type=BigInteger)
    weight: int
    executions: int
    on_time: int
    debts: int
    provisional: int
    delay: int
    returns: int
    extensions: int


class TrendPoint(Base, TallyColumns, table=True):
    """A region's tally in a period when a day of it had ended in the region's zone."""

    __tablename__ = "trends"

    period: str = Field(primary_key=True)
    day: date = Field(primary_key=True)
    region: str = Field(primary_key=True)


class TrendMark(Base, table=True):
    """The last day whose points of the region are there, as are all before; null at first."""

    __tablename__ = "trend_marks"

    region: str = Field(primary_key=True)
    through: date | None = None
