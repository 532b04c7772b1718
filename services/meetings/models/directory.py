"""What the directory has told."""

from uuid import UUID

from sqlmodel import Field

from services.meetings.models.base import Base


class KnownRegion(Base, table=True):
    """A region, as the directory tells it."""

    __tablename__ = "known_regions"

    code: str = Field(primary_key=True)
    name: str | None = None
    version: int


class KnownCluster(Base, table=True):
    """A cluster, as the directory tells it."""

    __tablename__ = "known_clusters"

    cluster_id: UUID = Field(primary_key=True)
    name: str | None = None
    region: str
    industry: str
    cohort: int
    status: str
    version: int
