"""Statements of relations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, or_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.relations import RelationKind
from services.directory.models import Organisation, Relation
from services.directory.repository.appointments import held_at
from shared.errors import NotFound


class RelationNotFound(NotFound):
    """No relation has this id."""

    code = "relation_not_found"
    title = "Связь не найдена"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which relations; what is None restricts nothing."""

    kind: RelationKind | None = None
    organisation_id: UUID | None = None
    region: str | None = None
    cluster_id: UUID | None = None
    at: date | None = None


async def add_relation(session: AsyncSession, relation: Relation) -> bool:
    """Insert the relation, or say False where it overlaps another.

    `on conflict` and not the constraint's error, as with appointments: inserts that meet under an
    exclusion constraint would die of the deadlock.
    """
    statement = (
        upsert(Relation)
        .values(relation.model_dump())
        .on_conflict_do_nothing()
        .returning(col(Relation.id))
    )
    return (await session.exec(statement)).first() is not None


async def lock_relation(session: AsyncSession, relation_id: UUID) -> Relation:
    """For changing. Raises `RelationNotFound`."""
    found = await session.get(Relation, relation_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise RelationNotFound("Связь не найдена.")
    return found


async def get_relation(session: AsyncSession, relation_id: UUID) -> Relation:
    """Raises `RelationNotFound`."""
    found = await session.get(Relation, relation_id)
    if found is None:
        raise RelationNotFound("Связь не найдена.")
    return found


async def list_relations(
    session: AsyncSession, wanted: Wanted, *, after: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """With the organisation's name; ordered by id, that is by the time they were entered."""
    statement = _named().order_by(col(Relation.id)).limit(limit)
    for column, value in (
        (Relation.kind, wanted.kind),
        (Relation.organisation_id, wanted.organisation_id),
        (Relation.region, wanted.region),
        (Relation.cluster_id, wanted.cluster_id),
    ):
        if value is not None:
            statement = statement.where(col(column) == value)
    if wanted.at is not None:
        statement = statement.where(held_at(wanted.at, Relation))
    if after is not None:
        statement = statement.where(col(Relation.id) > after)
    found: Sequence[Row[Any]] = (await session.exec(statement)).all()
    return found


async def view_relation(session: AsyncSession, relation_id: UUID) -> Row[Any]:
    """With the organisation's name. Raises `RelationNotFound`."""
    found: Row[Any] | None = (
        await session.exec(_named().where(col(Relation.id) == relation_id))
    ).first()
    if found is None:
        raise RelationNotFound("Связь не найдена.")
    return found


def _named() -> Any:
    shown: list[Any] = [
        *(col(getattr(Relation, name)).label(name) for name in Relation.model_fields),
        col(Organisation.name).label("organisation_name"),
    ]
    return select(*shown).join(Organisation, col(Organisation.id) == col(Relation.organisation_id))


async def in_the_way(session: AsyncSession, wanted: Relation, *, alone: bool) -> Relation | None:
    """The first relation that the wanted one overlaps."""
    statement = (
        select(Relation)
        .where(
            col(Relation.kind) == wanted.kind,
            col(Relation.region) == wanted.region
            if wanted.region is not None
            else col(Relation.cluster_id) == wanted.cluster_id,
            or_(col(Relation.valid_to).is_(None), col(Relation.valid_to) >= wanted.valid_from),
            col(Relation.valid_from) <= (wanted.valid_to or date.max),
        )
        .order_by(col(Relation.valid_from))
    )
    if not alone:
        statement = statement.where(col(Relation.organisation_id) == wanted.organisation_id)
    return (await session.exec(statement)).first()


async def standing(
    session: AsyncSession, *cluster_ids: UUID, since: date, kind: RelationKind | None = None
) -> Sequence[Relation]:
    """The clusters' relations that hold on the day or later, for changing; the earliest first."""
    statement = (
        select(Relation)
        .where(
            col(Relation.cluster_id).in_(cluster_ids),
            or_(col(Relation.valid_to).is_(None), col(Relation.valid_to) >= since),
        )
        .order_by(col(Relation.valid_from), col(Relation.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if kind is not None:
        statement = statement.where(col(Relation.kind) == kind)
    return (await session.exec(statement)).all()


async def ever(session: AsyncSession, kind: RelationKind) -> set[str]:
    """Regions that have or have had such a relation."""
    statement = select(Relation.region).where(
        col(Relation.kind) == kind, col(Relation.region).is_not(None)
    )
    return {str(code) for code in await session.exec(statement)}


async def outlasting(
    session: AsyncSession, organisation_id: UUID, *, first: date | None, last: date | None
) -> Relation | None:
    """A relation of the organisation on days outside these, the earliest."""
    outside = []
    if first is not None:
        outside.append(col(Relation.valid_from) < first)
    if last is not None:
        outside.append(or_(col(Relation.valid_to).is_(None), col(Relation.valid_to) > last))
    if not outside:
        return None
    statement = (
        select(Relation)
        .where(and_(col(Relation.organisation_id) == organisation_id, or_(*outside)))
        .order_by(col(Relation.valid_from))
    )
    return (await session.exec(statement)).first()
