"""Statements that read the model of management as of a day."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, and_, case, func
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.appointments import Office
from services.directory.domain.clusters import ClusterStatus
from services.directory.domain.mandates import MandateKind
from services.directory.domain.organisations import OrganisationKind
from services.directory.domain.relations import RelationKind
from services.directory.models import (
    Appointment,
    Association,
    Cluster,
    ClusterTenure,
    Mandate,
    Organisation,
    Person,
    Relation,
)
from services.directory.repository.appointments import held_at
from services.directory.repository.organisations import there_at
from services.directory.repository.people import Circle

_MAX_CLUSTERS = 1000


async def organisations_of(
    session: AsyncSession, kind: OrganisationKind, at: date, *, limit: int
) -> tuple[int, Sequence[Row[Any]]]:
    """How many organisations of the kind are there on the day, and the first, as entered."""
    wanted = [col(Organisation.kind) == kind, *there_at(at)]
    total = (
        await session.exec(select(func.count()).select_from(Organisation).where(*wanted))
    ).one()
    shown: list[Any] = [*_named(Organisation), col(Organisation.region).label("region")]
    statement: Any = select(*shown).where(*wanted).order_by(col(Organisation.id)).limit(limit)
    return total, (await session.exec(statement)).all()


async def related_as(
    session: AsyncSession, kind: RelationKind, at: date, *, limit: int
) -> tuple[int, Sequence[Row[Any]]]:
    """How many organisations stand so on the day, each once, and the first of them."""
    region = func.coalesce(col(Relation.region), col(Organisation.region))
    shown: list[Any] = [*_named(Organisation), region.label("region")]
    wanted: Any = (
        select(*shown)
        .join(Relation, col(Relation.organisation_id) == col(Organisation.id))
        .where(col(Relation.kind) == kind, held_at(at, Relation))
        .distinct()
    )
    counted = select(func.count()).select_from(wanted.subquery())
    total = (await session.exec(counted)).one()
    statement = wanted.order_by("region", "name", "id").limit(limit)
    return total, (await session.exec(statement)).all()


def _named(organisation: Any) -> list[Any]:
    return [col(organisation.id).label("id"), col(organisation.name).label("name")]


def _name_within(circle: Circle) -> Any:
    return case((circle.clause, col(Person.full_name))).label("full_name")


async def seated_in(session: AsyncSession, region: str, at: date) -> dict[RelationKind, Row[Any]]:
    """The region's own organisations on the day."""
    statement: Any = (
        select(col(Relation.kind).label("kind"), *_named(Organisation))
        .join(Organisation, col(Organisation.id) == col(Relation.organisation_id))
        .where(col(Relation.region) == region, held_at(at, Relation))
    )
    return {row.kind: row for row in (await session.exec(statement)).all()}


async def offices_of(
    session: AsyncSession, region: str, at: date, circle: Circle
) -> dict[Office, Row[Any]]:
    """Who holds the region's offices on the day, named within the circle."""
    shown: list[Any] = [
        col(Appointment.office).label("office"),
        col(Appointment.id).label("appointment_id"),
        col(Appointment.person_id).label("person_id"),
        _name_within(circle),
        col(Appointment.valid_from).label("valid_from"),
        col(Appointment.valid_to).label("valid_to"),
    ]
    statement: Any = (
        select(*shown)
        .join(Person, col(Person.id) == col(Appointment.person_id))
        .where(col(Appointment.region) == region, held_at(at))
    )
    return {row.office: row for row in (await session.exec(statement)).all()}


async def association_of(session: AsyncSession, industry: str) -> Association | None:
    """The industry's association, planned ones too."""
    return await session.get(Association, industry)


async def constituted(session: AsyncSession, at: date) -> Sequence[Association]:
    """Associations that are there on the day, by code."""
    statement = (
        select(Association)
        .where(col(Association.constituted_on) <= at)
        .order_by(col(Association.code))
    )
    return (await session.exec(statement)).all()


async def charged(
    session: AsyncSession, industry: str, at: date, circle: Circle
) -> Sequence[Row[Any]]:
    """The association's chair and curators on the day, the longest in charge first; named within
    the circle.
    """
    shown: list[Any] = [
        col(Mandate.id).label("mandate_id"),
        *(
            col(getattr(Mandate, name)).label(name)
            for name in ("kind", "person_id", "cluster_id", "valid_from", "valid_to")
        ),
        _name_within(circle),
    ]
    statement: Any = (
        select(*shown)
        .join(Person, col(Person.id) == col(Mandate.person_id))
        .where(
            col(Mandate.association) == industry,
            col(Mandate.kind).in_([MandateKind.CHAIR, MandateKind.CURATOR]),
            held_at(at, Mandate),
        )
        .order_by(col(Mandate.valid_from), col(Mandate.id))
        .limit(_MAX_CLUSTERS)
    )
    found: Sequence[Row[Any]] = (await session.exec(statement)).all()
    return found


async def clusters_of(
    session: AsyncSession, at: date, *, region: str | None = None, industry: str | None = None
) -> Sequence[Row[Any]]:
    """Clusters that are not closed on the day, by region and code, with whom they have."""
    company, college = aliased(Organisation), aliased(Organisation)
    shown: list[Any] = [
        *(
            col(getattr(Cluster, name)).label(name)
            for name in ("id", "code", "name", "region", "industry", "cohort")
        ),
        col(ClusterTenure.status).label("status"),
        col(Mandate.person_id).label("curator_id"),
    ]
    statement: Any = select(*shown).join(
        ClusterTenure,
        and_(col(ClusterTenure.cluster_id) == col(Cluster.id), held_at(at, ClusterTenure)),
    )
    statement = statement.outerjoin(
        Mandate,
        and_(
            col(Mandate.cluster_id) == col(Cluster.id),
            col(Mandate.kind) == MandateKind.CURATOR,
            held_at(at, Mandate),
        ),
    )
    for organisation, kind in (
        (company, RelationKind.MANAGING_COMPANY),
        (college, RelationKind.CORE_COLLEGE),
    ):
        relation = aliased(Relation)
        statement = (
            statement.add_columns(
                col(organisation.id).label(f"{kind}_id"),
                col(organisation.name).label(f"{kind}_name"),
            )
            .outerjoin(
                relation,
                and_(
                    col(relation.cluster_id) == col(Cluster.id),
                    col(relation.kind) == kind,
                    held_at(at, relation),
                ),
            )
            .outerjoin(organisation, col(organisation.id) == col(relation.organisation_id))
        )
    statement = statement.where(col(ClusterTenure.status) != ClusterStatus.CLOSED)
    if region is not None:
        statement = statement.where(col(Cluster.region) == region)
    if industry is not None:
        statement = statement.where(col(Cluster.industry) == industry)
    statement = statement.order_by(col(Cluster.region), col(Cluster.code)).limit(_MAX_CLUSTERS)
    found: Sequence[Row[Any]] = (await session.exec(statement)).all()
    return found
