"""Statements of practices: reviews, replications, and whose clusters judge them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.models import (
    Cluster,
    Organisation,
    PracticeReplication,
    PracticeReview,
)


async def reviews_of(session: AsyncSession, practice_id: UUID) -> Sequence[PracticeReview]:
    """In the order of making."""
    statement = (
        select(PracticeReview)
        .where(PracticeReview.practice_id == practice_id)
        .order_by(col(PracticeReview.id))
    )
    return (await session.exec(statement)).all()


async def replications_of(
    session: AsyncSession, practice_id: UUID
) -> Sequence[PracticeReplication]:
    """In the order of making."""
    statement = (
        select(PracticeReplication)
        .where(PracticeReplication.practice_id == practice_id)
        .order_by(col(PracticeReplication.id))
    )
    return (await session.exec(statement)).all()


async def replication_counts(
    session: AsyncSession, practices: Collection[UUID], *, until: date
) -> Mapping[UUID, int]:
    """How many clusters took each practice over by the day; those with none are left out."""
    statement = (
        select(PracticeReplication.practice_id, func.count())
        .where(
            col(PracticeReplication.practice_id).in_(practices),
            col(PracticeReplication.replicated_on) <= until,
        )
        .group_by(col(PracticeReplication.practice_id))
    )
    return dict((await session.exec(statement)).all())


async def clusters_of(session: AsyncSession, ids: Collection[UUID]) -> Sequence[Cluster]:
    """The clusters with these ids, those that there are."""
    return (await session.exec(select(Cluster).where(col(Cluster.id).in_(ids)))).all()


async def organisations_of(session: AsyncSession, ids: Collection[UUID]) -> Sequence[Organisation]:
    """The organisations with these ids, those that there are."""
    return (await session.exec(select(Organisation).where(col(Organisation.id).in_(ids)))).all()
