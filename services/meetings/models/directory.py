"""What the directory has told."""

from uuid import UUID

from sqlalchemy import text as sql
from sqlmodel import Field

from services.meetings.models.base import Base


class KnownRegion(Base, table=True):
    """A region, as the directory tells it."""

    __tablename__ = "known_regions"

    code: str = Field(primary_key=True)
    name: str = Field(default="", sa_column_kwargs={"server_default": sql("''")})
    version: int


class KnownCluster(Base, table=True):
    """A cluster, as the directory tells it."""

    __tablename__ = "known_clusters"

    cluster_id: UUID = Field(primary_key=True)
    name: str = Field(default="", sa_column_kwargs={"server_default": sql("''")})
    region: str
    industry: str
    cohort: int
    status: str
    version: int
