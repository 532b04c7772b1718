"""Relations of organisations to regions and clusters."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from services.directory.domain.relations import RelationKind
from services.directory.models.base import Base
from shared.db import text_enum


class Relation(Base, table=True):
    """An organisation's place in a region or a cluster, both days included.

    Overlap is refused by the database: exclusion constraints of migration 0002, which models
    cannot express.
    """

    __tablename__ = "relations"
    __table_args__ = (
        CheckConstraint("valid_to >= valid_from", name="in_order"),
        CheckConstraint("(region is null) <> (cluster_id is null)", name="of_one"),
        CheckConstraint(
            "(region is not null) = (kind in ('supervisory_board', 'authority'))",
            name="kind_fits",
        ),
        Index("ix_relations_organisation_id", "organisation_id"),
    )

    id: UUID = Field(primary_key=True)
    kind: RelationKind = Field(sa_type=text_enum(RelationKind))
    organisation_id: UUID = Field(foreign_key="organisations.id")
    region: str | None = Field(default=None, foreign_key="regions.code")
    cluster_id: UUID | None = Field(default=None, foreign_key="clusters.id")
    valid_from: date
    valid_to: date | None = None
    version: int = 1
