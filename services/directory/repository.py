"""Every statement the directory sends to its database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, or_, text, true, tuple_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain import (
    ClusterCodeTaken,
    ClusterStatus,
    CodeTaken,
    Office,
    OrganisationKind,
)
from services.directory.models import (
    Appointment,
    Cluster,
    Industry,
    Organisation,
    Person,
    Region,
)
from shared.errors import Conflict, NotFound

M = TypeVar("M", bound=SQLModel)


class RegionNotFound(NotFound):
    """No region has this code."""

    code = "region_not_found"
    title = "Регион не найден"


class ClusterNotFound(NotFound):
    """No cluster has this id."""

    code = "cluster_not_found"
    title = "Кластер не найден"


class OrganisationNotFound(NotFound):
    """No organisation has this id."""

    code = "organisation_not_found"
    title = "Организация не найдена"


class PersonNotFound(NotFound):
    """No person has this id."""

    code = "person_not_found"
    title = "Человек не найден"


class AppointmentNotFound(NotFound):
    """No appointment has this id."""

    code = "appointment_not_found"
    title = "Назначение не найдено"


_REFUSALS: dict[str, Conflict] = {
    "uq_clusters_code": ClusterCodeTaken("Кластер с таким кодом уже есть.", field="body.code"),
    "uq_organisations_code": CodeTaken("Организация с таким кодом уже есть.", field="body.code"),
}
_ALONE_IN_REFERENCE_DATA = text(
    "lock table regions, industries, organisations in share row exclusive mode"
)


async def save(session: AsyncSession, row: SQLModel) -> None:
    """Write a new or changed row. Raises the named conflict of the constraint it breaks."""
    session.add(row)
    try:
        await session.flush()
    except IntegrityError as error:
        name = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)
        refusal = _REFUSALS.get(str(name))
        if refusal is None:
            raise
        raise type(refusal)(str(refusal), field=refusal.field) from error


async def all_of(session: AsyncSession, model: type[M]) -> Sequence[M]:
    """Every row of a small table."""
    return (await session.exec(select(model))).all()


async def lock_reference_data(session: AsyncSession) -> None:
    """Wait until nobody else enters regions, industries or organisations; readers go on."""
    await (await session.connection()).execute(_ALONE_IN_REFERENCE_DATA)


async def list_regions(
    session: AsyncSession, district: str | None, *, after: tuple[str, str] | None, limit: int
) -> Sequence[Region]:
    """Ordered by name as people order it."""
    key = tuple_(col(Region.sort_key), col(Region.code))
    statement = select(Region).order_by(col(Region.sort_key), col(Region.code)).limit(limit)
    if district is not None:
        statement = statement.where(col(Region.federal_district) == district)
    if after is not None:
        statement = statement.where(key > after)
    return (await session.exec(statement)).all()


async def get_region(session: AsyncSession, code: str) -> Region:
    """Raises `RegionNotFound`."""
    found = await session.get(Region, code)
    if found is None:
        raise RegionNotFound("Региона с таким кодом нет.")
    return found


async def list_industries(session: AsyncSession) -> Sequence[Industry]:
    """Ordered by code."""
    return (await session.exec(select(Industry).order_by(col(Industry.code)))).all()


async def existing(session: AsyncSession, column: Any, values: Sequence[Any]) -> set[Any]:
    """Which of the values the column has."""
    if not values:
        return set()
    return set((await session.exec(select(column).where(col(column).in_(values)))).all())


async def get_cluster(
    session: AsyncSession, cluster_id: UUID, *, for_update: bool = False
) -> Cluster:
    """Raises `ClusterNotFound`."""
    found = await session.get(Cluster, cluster_id, with_for_update=for_update)
    if found is None:
        raise ClusterNotFound("Кластер не найден.")
    return found


async def list_clusters(
    session: AsyncSession,
    *,
    region: str | None,
    industry: str | None,
    cohort: int | None,
    status: ClusterStatus | None,
    after: tuple[str, str] | None,
    limit: int,
) -> Sequence[Cluster]:
    """Ordered by region and code."""
    statement = select(Cluster).order_by(col(Cluster.region), col(Cluster.code)).limit(limit)
    for column, value in (
        (Cluster.region, region),
        (Cluster.industry, industry),
        (Cluster.cohort, cohort),
        (Cluster.status, status),
    ):
        if value is not None:
            statement = statement.where(col(column) == value)
    if after is not None:
        statement = statement.where(tuple_(col(Cluster.region), col(Cluster.code)) > after)
    return (await session.exec(statement)).all()


async def get_organisation(session: AsyncSession, organisation_id: UUID) -> Organisation:
    """Raises `OrganisationNotFound`."""
    found = await session.get(Organisation, organisation_id)
    if found is None:
        raise OrganisationNotFound("Организация не найдена.")
    return found


async def list_organisations(
    session: AsyncSession,
    *,
    kind: OrganisationKind | None,
    region: str | None,
    after: str | None,
    limit: int,
) -> Sequence[Organisation]:
    """Ordered by code."""
    statement = select(Organisation).order_by(col(Organisation.code)).limit(limit)
    if kind is not None:
        statement = statement.where(col(Organisation.kind) == kind)
    if region is not None:
        statement = statement.where(col(Organisation.region) == region)
    if after is not None:
        statement = statement.where(col(Organisation.code) > after)
    return (await session.exec(statement)).all()


async def get_person(session: AsyncSession, person_id: UUID) -> Person:
    """Raises `PersonNotFound`."""
    found = await session.get(Person, person_id)
    if found is None:
        raise PersonNotFound("Человек не найден.")
    return found


async def list_people(session: AsyncSession, *, after: UUID | None, limit: int) -> Sequence[Person]:
    """Ordered by id, that is by the time they were entered."""
    statement = select(Person).order_by(col(Person.id)).limit(limit)
    if after is not None:
        statement = statement.where(col(Person.id) > after)
    return (await session.exec(statement)).all()


async def add_appointment(session: AsyncSession, appointment: Appointment) -> bool:
    """Insert the tenure, or say False where it overlaps another of the same office.

    `on conflict` and not the constraint's error: plain inserts that meet under an exclusion
    constraint wait for each other, and all but one die of the deadlock.
    """
    statement = (
        upsert(Appointment)
        .values(appointment.model_dump())
        .on_conflict_do_nothing(constraint="ex_appointments_one_at_a_time")
        .returning(col(Appointment.id))
    )
    return (await session.exec(statement)).first() is not None


async def get_appointment(session: AsyncSession, appointment_id: UUID) -> Appointment:
    """For changing. Raises `AppointmentNotFound`."""
    found = await session.get(Appointment, appointment_id, with_for_update=True)
    if found is None:
        raise AppointmentNotFound("Назначение не найдено.")
    return found


def held_at(at: date, appointment: Any = Appointment) -> ColumnElement[bool]:
    """Whether the tenure covers the date."""
    return and_(
        col(appointment.valid_from) <= at,
        or_(col(appointment.valid_to).is_(None), col(appointment.valid_to) >= at),
    )


async def list_appointments(
    session: AsyncSession,
    *,
    region: str | None,
    office: Office | None,
    at: date | None,
    after: UUID | None,
    limit: int,
) -> Sequence[Appointment]:
    """Ordered by id, that is by the time they were made."""
    statement = select(Appointment).order_by(col(Appointment.id)).limit(limit)
    if region is not None:
        statement = statement.where(col(Appointment.region) == region)
    if office is not None:
        statement = statement.where(col(Appointment.office) == office)
    if at is not None:
        statement = statement.where(held_at(at))
    if after is not None:
        statement = statement.where(col(Appointment.id) > after)
    return (await session.exec(statement)).all()


async def regions_without(session: AsyncSession, office: Office, at: date) -> Sequence[Region]:
    """Regions where nobody holds the office on the date, by name."""
    held = select(Appointment.region).where(col(Appointment.office) == office, held_at(at))
    statement = (
        select(Region)
        .where(col(Region.code).not_in(held))
        .order_by(col(Region.sort_key), col(Region.code))
    )
    return (await session.exec(statement)).all()


@dataclass(frozen=True, slots=True)
class Selector:
    """Whom to address; empty lists restrict nothing, several restrict together."""

    clusters: Sequence[UUID]
    regions: Sequence[str]
    cohorts: Sequence[int]
    industries: Sequence[str]


async def resolve_clusters(
    session: AsyncSession, wanted: Selector, *, at: date, limit: int
) -> Sequence[Row[Any]]:
    """Active clusters the selector matches, with their region and who leads it on the date."""
    clauses = [col(Cluster.status) == ClusterStatus.ACTIVE]
    if wanted.clusters:
        clauses.append(col(Cluster.id).in_(wanted.clusters))
    if wanted.regions:
        clauses.append(col(Cluster.region).in_(wanted.regions))
    if wanted.cohorts:
        clauses.append(col(Cluster.cohort).in_(wanted.cohorts))
    if wanted.industries:
        clauses.append(col(Cluster.industry).in_(wanted.industries))
    return await _resolve(
        session,
        [
            col(Cluster.id).label("cluster_id"),
            col(Cluster.code).label("cluster_code"),
            col(Cluster.name).label("cluster_name"),
            col(Cluster.cohort),
            col(Cluster.industry),
        ],
        and_(*clauses),
        at=at,
        limit=limit,
        clusters=True,
    )


async def resolve_authorities(
    session: AsyncSession, regions: Sequence[str], *, at: date, limit: int
) -> Sequence[Row[Any]]:
    """Each region's authority once, with who leads the region on the date."""
    chosen = col(Region.code).in_(regions) if regions else true()
    return await _resolve(session, [], chosen, at=at, limit=limit, clusters=False)


async def _resolve(
    session: AsyncSession,
    columns: list[Any],
    clause: ColumnElement[bool],
    *,
    at: date,
    limit: int,
    clusters: bool,
) -> Sequence[Row[Any]]:
    coordinator, head = aliased(Appointment), aliased(Appointment)
    shown: list[Any] = [
        col(Region.code).label("region"),
        col(Region.name).label("region_name"),
        col(Region.timezone),
        col(coordinator.person_id).label("coordinator_id"),
        col(head.person_id).label("authority_head_id"),
        *columns,
    ]
    statement: Any = select(*shown)
    order = [col(Region.code)]
    if clusters:
        statement = statement.join(Cluster, col(Cluster.region) == col(Region.code))
        order.append(col(Cluster.code))
    for appointment, office in (
        (coordinator, Office.COORDINATOR),
        (head, Office.AUTHORITY_HEAD),
    ):
        statement = statement.outerjoin(
            appointment,
            and_(
                col(appointment.region) == col(Region.code),
                col(appointment.office) == office,
                held_at(at, appointment),
            ),
        )
    found: Sequence[Row[Any]] = (
        await session.exec(statement.where(clause).order_by(*order).limit(limit))
    ).all()
    return found
