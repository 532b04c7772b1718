"""Practices, what is thought of them, where they went; and mentorships."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from services.directory.domain.practices import PracticeStatus
from services.directory.models.base import Base
from shared.db import text_enum


class Practice(Base, table=True):
    """A practice of a cluster, nominated as one of the industry's best."""

    __tablename__ = "practices"

    id: UUID = Field(primary_key=True)
    association: str = Field(foreign_key="associations.code", index=True)
    cluster_id: UUID = Field(foreign_key="clusters.id")
    direction_id: UUID | None = Field(default=None, foreign_key="directions.id")
    title: str
    description: str
    link: str | None = None
    # Colleges and enterprises whose practice it is, checked when they are named.
    organisations: list[UUID] = Field(sa_type=ARRAY(Uuid))
    status: PracticeStatus = Field(sa_type=text_enum(PracticeStatus))
    nominated_on: date
    decided_on: date | None = None
    reason: str | None = None
    version: int = 1


class PracticeReview(Base, table=True):
    """One reviewer's points for a practice, by the criteria of the rubric."""

    __tablename__ = "practice_reviews"
    __table_args__ = (UniqueConstraint("practice_id", "reviewer"),)

    id: UUID = Field(primary_key=True)
    practice_id: UUID = Field(foreign_key="practices.id")
    reviewer: str
    points: dict[str, int] = Field(sa_type=JSONB)
    comment: str | None = None
    reviewed_on: date


class PracticeReplication(Base, table=True):
    """A cluster that took a practice over."""

    __tablename__ = "practice_replications"
    __table_args__ = (UniqueConstraint("practice_id", "cluster_id"),)

    id: UUID = Field(primary_key=True)
    practice_id: UUID = Field(foreign_key="practices.id")
    cluster_id: UUID = Field(foreign_key="clusters.id")
    replicated_on: date


class Mentorship(Base, table=True):
    """A cluster helps another of its industry; the one that is helped confirms the outcome."""

    __tablename__ = "mentorships"
    __table_args__ = (CheckConstraint("from_cluster_id <> to_cluster_id", name="of_two"),)

    id: UUID = Field(primary_key=True)
    association: str = Field(foreign_key="associations.code", index=True)
    from_cluster_id: UUID = Field(foreign_key="clusters.id")
    to_cluster_id: UUID = Field(foreign_key="clusters.id")
    topic: str
    started_on: date
    outcome: str | None = None
    completed_on: date | None = None
    confirmed_on: date | None = None
    version: int = 1
