"""The parts of the directory that lists are compared with."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.appointments import Office
from services.directory.domain.cluster_lists import Known, KnownCluster, KnownCollege
from services.directory.domain.coordinator_lists import (
    KnownOffices,
    KnownPerson,
    KnownTenure,
)
from services.directory.domain.organisations import OrganisationKind
from services.directory.domain.relations import RelationKind
from services.directory.models import (
    Appointment,
    Cluster,
    Industry,
    Organisation,
    Person,
    Region,
    Relation,
)
from services.directory.repository.clusters import Day, Wanted, list_clusters

EVERY: Final = Wanted()
_LISTED: Final = (Office.COORDINATOR, Office.DEPUTY)


async def _regions(session: AsyncSession) -> Sequence[tuple[str, str, str]]:
    statement = select(col(Region.code), col(Region.name), col(Region.short_name))
    return (await session.exec(statement.order_by(col(Region.code)))).all()


async def _colleges(session: AsyncSession) -> Sequence[Organisation]:
    statement = select(Organisation).where(col(Organisation.kind) == OrganisationKind.COLLEGE)
    return (await session.exec(statement.order_by(col(Organisation.code)))).all()


async def _colleges_due(session: AsyncSession, day: date) -> dict[UUID | None, date]:
    """Cluster → the first day after this one from which it has another core college."""
    statement = (
        select(col(Relation.cluster_id), func.min(col(Relation.valid_from)))
        .where(col(Relation.kind) == RelationKind.CORE_COLLEGE, col(Relation.valid_from) > day)
        .group_by(col(Relation.cluster_id))
    )
    return dict((await session.exec(statement)).all())


async def known_clusters(session: AsyncSession, day: date, wanted: Wanted = EVERY) -> Known:
    """Regions, industries, colleges, and these clusters as of the day, by region and code."""
    industries = select(col(Industry.code), col(Industry.name))
    colleges = {college.id: college for college in await _colleges(session)}
    due = await _colleges_due(session, day)
    clusters = await list_clusters(session, wanted, Day(None, day), after=None, limit=None)
    return Known(
        day=day,
        regions=await _regions(session),
        industries=(await session.exec(industries)).all(),
        colleges=[
            KnownCollege(one.code, one.name, one.region, one.valid_from, one.valid_to)
            for one in colleges.values()
        ],
        clusters=[
            KnownCluster(
                id=cluster.id,
                code=cluster.code,
                name=cluster.name,
                region=cluster.region,
                industry=cluster.industry,
                cohort=cluster.cohort,
                status=cluster.status,
                core_college=colleges[cluster.core_college_id].code
                if cluster.core_college_id
                else None,
                college_due=due.get(cluster.id),
            )
            for cluster in clusters
        ],
    )


async def known_offices(session: AsyncSession) -> KnownOffices:
    """Regions, people, and all tenures of coordinators and deputies."""
    people = {
        person.id: KnownPerson(person.id, person.full_name, person.email, person.phone)
        for person in await session.exec(select(Person).order_by(col(Person.id)))
    }
    tenures = select(Appointment).where(col(Appointment.office).in_(_LISTED))
    return KnownOffices(
        regions=await _regions(session),
        people=list(people.values()),
        tenures=[
            KnownTenure(
                id=row.id,
                region=row.region,
                office=row.office,
                person=people[row.person_id],
                valid_from=row.valid_from,
                valid_to=row.valid_to,
            )
            for row in await session.exec(tenures.order_by(col(Appointment.valid_from)))
        ],
    )


async def industry_names(session: AsyncSession) -> dict[str, str]:
    """Industry's code → its name."""
    return dict((await session.exec(select(col(Industry.code), col(Industry.name)))).all())


async def organisations_of(
    session: AsyncSession, *, codes: Collection[str], ids: Collection[UUID]
) -> Sequence[Organisation]:
    """The organisations with these codes or ids; their days stand still until commit."""
    statement = (
        select(Organisation)
        .where(or_(col(Organisation.code).in_(codes), col(Organisation.id).in_(ids)))
        .order_by(col(Organisation.id))
        .with_for_update(read=True)
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).all()


async def clusters_of(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Cluster]:
    """The clusters with these ids, for changing."""
    if not ids:
        return {}
    statement = select(Cluster).where(col(Cluster.id).in_(ids)).with_for_update()
    statement = statement.execution_options(populate_existing=True)
    return {row.id: row for row in await session.exec(statement)}
