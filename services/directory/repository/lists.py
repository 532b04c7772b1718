"""The parts of the directory that lists are compared with."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.appointments import Office
from services.directory.domain.cluster_lists import Known, KnownCluster, KnownCollege
from services.directory.domain.clusters import ClusterStatus
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
from services.directory.repository.appointments import held_at

_LISTED = (Office.COORDINATOR, Office.DEPUTY)


async def _regions(session: AsyncSession) -> Sequence[tuple[str, str, str]]:
    statement = select(col(Region.code), col(Region.name), col(Region.short_name))
    return (await session.exec(statement.order_by(col(Region.code)))).all()


def _core_college(day: date) -> ColumnElement[bool]:
    """Joins a cluster with the relation to its core college on the day."""
    return and_(
        col(Relation.cluster_id) == col(Cluster.id),
        col(Relation.kind) == RelationKind.CORE_COLLEGE,
        held_at(day, Relation),
    )


async def known_clusters(session: AsyncSession, day: date) -> Known:
    """Regions, industries, colleges and clusters; of colleges those that are there to stay."""
    industries = select(col(Industry.code), col(Industry.name))
    colleges = select(col(Organisation.code), col(Organisation.name), col(Organisation.region))
    first, last = col(Organisation.valid_from), col(Organisation.valid_to)
    colleges = colleges.where(
        col(Organisation.kind) == OrganisationKind.COLLEGE,
        or_(first.is_(None), first <= day),
        last.is_(None),
    )
    clusters = (
        select(Cluster, col(Organisation.code))
        .outerjoin(Relation, _core_college(day))
        .outerjoin(Organisation, col(Organisation.id) == col(Relation.organisation_id))
    )
    return Known(
        regions=await _regions(session),
        industries=(await session.exec(industries)).all(),
        colleges=[KnownCollege(*row) for row in await session.exec(colleges)],
        clusters=[
            KnownCluster(
                id=cluster.id,
                code=cluster.code,
                name=cluster.name,
                region=cluster.region,
                industry=cluster.industry,
                cohort=cluster.cohort,
                status=cluster.status,
                core_college=college,
            )
            for cluster, college in await session.exec(clusters)
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


async def college_ids(session: AsyncSession) -> dict[str, UUID]:
    """College's code → id."""
    statement = select(col(Organisation.code), col(Organisation.id))
    found = await session.exec(statement.where(col(Organisation.kind) == OrganisationKind.COLLEGE))
    return dict(found.all())


async def clusters_for_export(
    session: AsyncSession,
    day: date,
    *,
    region: str | None,
    industry: str | None,
    cohort: int | None,
    status: ClusterStatus | None,
) -> Sequence[tuple[Cluster, str, str, Organisation | None]]:
    """Clusters with the names of their regions and industries and their colleges, by code."""
    statement = (
        select(Cluster, col(Region.name), col(Industry.name), Organisation)
        .join(Region, col(Region.code) == col(Cluster.region))
        .join(Industry, col(Industry.code) == col(Cluster.industry))
        .outerjoin(Relation, _core_college(day))
        .outerjoin(Organisation, col(Organisation.id) == col(Relation.organisation_id))
        .order_by(col(Cluster.region), col(Cluster.code))
    )
    for column, value in (
        (Cluster.region, region),
        (Cluster.industry, industry),
        (Cluster.cohort, cohort),
        (Cluster.status, status),
    ):
        if value is not None:
            statement = statement.where(col(column) == value)
    return (await session.exec(statement)).all()
