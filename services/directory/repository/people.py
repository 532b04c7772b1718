"""Statements of people, and who knows whom."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, any_, exists, func, not_, or_, true
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.models import Appointment, Cluster, Mandate, Person, WorkingGroup
from shared.errors import NotFound


class PersonNotFound(NotFound):
    """No person has this id, or none whom the caller knows."""

    code = "person_not_found"
    title = "Человек не найден"


@dataclass(frozen=True, slots=True)
class Circle:
    """Whose names somebody is told: everyone's, or of those who work for these rows, ever."""

    all: bool = False
    regions: frozenset[str] = frozenset()
    clusters: frozenset[UUID] = frozenset()
    industries: frozenset[str] = frozenset()

    @property
    def clause(self) -> ColumnElement[bool]:
        """Holders of a region's offices; those an association charges with a cluster or with all
        clusters of its industry; for the association itself, its working groups too.
        """
        if self.all:
            return true()
        own = or_(col(Cluster.id).in_(self.clusters), col(Cluster.region).in_(self.regions))
        officials = select(col(Appointment.person_id)).where(
            or_(
                col(Appointment.region).in_(self.regions),
                col(Appointment.region).in_(select(col(Cluster.region)).where(own)),
            )
        )
        charged = select(col(Mandate.person_id)).where(
            or_(
                col(Mandate.association).in_(self.industries),
                col(Mandate.cluster_id).in_(select(col(Cluster.id)).where(own)),
                and_(
                    col(Mandate.cluster_id).is_(None),
                    col(Mandate.association).in_(select(col(Cluster.industry)).where(own)),
                ),
            )
        )
        groups = col(WorkingGroup.association).in_(self.industries)
        leads = select(col(WorkingGroup.lead_id)).where(groups)
        members = select(func.unnest(col(WorkingGroup.members))).where(groups)
        return or_(*(col(Person.id).in_(some) for some in (officials, charged, leads, members)))


def _unplaced() -> ColumnElement[bool]:
    """Whom the centre has entered and nobody has named yet: in no office, mandate or group, past
    ones included, for those tell their ids to everyone.
    """
    return and_(
        col(Person.erased_at).is_(None),
        not_(exists().where(col(Appointment.person_id) == col(Person.id))),
        not_(exists().where(col(Mandate.person_id) == col(Person.id))),
        not_(exists().where(col(WorkingGroup.lead_id) == col(Person.id))),
        not_(exists().where(col(Person.id) == any_(col(WorkingGroup.members)))),
    )


async def get_person(session: AsyncSession, person_id: UUID) -> Person:
    """Raises `PersonNotFound`."""
    found = await session.get(Person, person_id)
    if found is None:
        raise PersonNotFound("Человек не найден.")
    return found


async def person_within(session: AsyncSession, person_id: UUID, circle: Circle) -> Person:
    """Raises `PersonNotFound`, also for somebody outside the circle."""
    statement = select(Person).where(col(Person.id) == person_id, circle.clause)
    found = (await session.exec(statement)).first()
    if found is None:
        raise PersonNotFound("Человек не найден.")
    return found


async def nameable(
    session: AsyncSession, people: Collection[UUID], circle: Circle
) -> dict[UUID, bool]:
    """Those whom someone of this circle may name, and whether they are not erased: nobody erases
    them until commit.

    To be named is to come into the circle, so beyond it only those may be whom nobody has yet.
    """
    statement = (
        select(col(Person.id), col(Person.erased_at))
        .where(col(Person.id).in_(people), or_(circle.clause, _unplaced()))
        .order_by(col(Person.id))
        .with_for_update(read=True, key_share=True)
    )
    return {id_: erased_at is None for id_, erased_at in await session.exec(statement)}


async def list_people(session: AsyncSession, *, after: UUID | None, limit: int) -> Sequence[Person]:
    """Ordered by id, that is by the time they were entered."""
    statement = select(Person).order_by(col(Person.id)).limit(limit)
    if after is not None:
        statement = statement.where(col(Person.id) > after)
    return (await session.exec(statement)).all()
