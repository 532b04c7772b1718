"""What the directory can do: load, decide, change, tell. The caller's edge commits."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory import repository
from services.directory.domain import (
    MAX_ADDRESSEES,
    OFFICE_NAMES,
    AppointmentEndedAlready,
    AppointmentOverlaps,
    DatesReversed,
    Office,
    OrganisationKind,
    SelectorNotForAuthorities,
    TooManyAddressees,
    UnknownCluster,
    UnknownCollege,
    UnknownIndustry,
    UnknownPerson,
    UnknownRegion,
    sort_key,
)
from services.directory.models import (
    Appointment,
    Cluster,
    Industry,
    Organisation,
    Person,
    Region,
)
from services.directory.repository import RegionNotFound, Selector
from services.directory.schemas import (
    AddresseesQuery,
    AppointmentCreate,
    ClusterCreate,
    ClusterPatch,
    OrganisationCreate,
    PersonCreate,
)
from shared import outbox
from shared.auth import Actor, Role
from shared.errors import expect_version
from shared.events.base import Event
from shared.events.directory import (
    AppointmentEnded,
    AppointmentEvent,
    AppointmentMade,
    ClusterChanged,
    ClusterEvent,
    ClusterRegistered,
    RegionChanged,
    RegionEvent,
    RegionRegistered,
)
from shared.ids import new_id

REFERENCE: Final = Path(__file__).parent / "reference"


@dataclass(slots=True)
class Counts:
    """What a load did to one list."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0

    def note(self, *, known: bool, differs: bool) -> None:
        if not known:
            self.created += 1
        elif differs:
            self.changed += 1
        else:
            self.unchanged += 1


@dataclass(frozen=True, slots=True)
class ReferenceCounts:
    """What a load did."""

    regions: Counts
    industries: Counts
    organisations: Counts


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _update(row: Any, values: Mapping[str, object]) -> bool:
    """Set what differs; says whether anything did."""
    differing = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    return bool(differing)


async def load_reference_data(session: AsyncSession, *, now: datetime) -> ReferenceCounts:
    """Bring regions, industries and federal organisations to what the shipped lists say.

    Loading twice changes nothing and tells nothing, also at the same time.
    """
    # Said before the lock is waited for.
    await outbox.admit(session, now)
    await repository.lock_reference_data(session)
    regions, events = await _load_regions(session, now)
    industries, organisations = Counts(), Counts()
    known = {row.code: row for row in await repository.all_of(session, Industry)}
    for values in _rows("industries.csv"):
        industry = known.get(values["code"])
        differs = _update(industry, values) if industry else True
        industries.note(known=industry is not None, differs=differs)
        session.add(industry or Industry(**values))
    found = {row.code: row for row in await repository.all_of(session, Organisation)}
    for values in _rows("organisations.csv"):
        organisation = found.get(values["code"])
        differs = _update(organisation, values) if organisation else True
        organisations.note(known=organisation is not None, differs=differs)
        if organisation is None:
            organisation = Organisation(id=new_id(), **values)
        elif differs:
            organisation.version += 1
        session.add(organisation)
    await session.flush()
    await outbox.add(session, events)
    return ReferenceCounts(regions, industries, organisations)


async def _load_regions(session: AsyncSession, now: datetime) -> tuple[Counts, list[Event]]:
    counts, events = Counts(), list[Event]()
    known = {row.code: row for row in await repository.all_of(session, Region)}
    for values in _rows("regions.csv"):
        wanted = {**values, "sort_key": sort_key(values["short_name"])}
        region = known.get(values["code"])
        differs = _update(region, wanted) if region else True
        counts.note(known=region is not None, differs=differs)
        if region is None:
            region = Region(**wanted)
            events.append(RegionRegistered(**_facts(region, RegionEvent), occurred_at=now))
        elif differs:
            region.version += 1
            events.append(RegionChanged(**_facts(region, RegionEvent), occurred_at=now))
        session.add(region)
    return counts, events


def _facts(row: Any, event: type[Event]) -> dict[str, Any]:
    """The row's columns that the event carries."""
    found: dict[str, Any] = row.model_dump(include=set(event.model_fields))
    return found


async def _check_region(session: AsyncSession, code: str) -> None:
    try:
        await repository.get_region(session, code)
    except RegionNotFound as error:
        raise UnknownRegion(f"Региона с кодом {code} нет.", field="body.region") from error


async def create_organisation(session: AsyncSession, wanted: OrganisationCreate) -> Organisation:
    """Enter an organisation. Raises `UnknownRegion`, `CodeTaken`."""
    if wanted.region is not None:
        await _check_region(session, wanted.region)
    organisation = Organisation(id=new_id(), **wanted.model_dump())
    await repository.save(session, organisation)
    return organisation


async def _check_college(session: AsyncSession, college_id: UUID | None) -> None:
    if college_id is None:
        return
    college = await session.get(Organisation, college_id)
    if college is None or college.kind is not OrganisationKind.COLLEGE:
        raise UnknownCollege("Такого колледжа нет.", field="body.core_college_id")


async def register_cluster(
    session: AsyncSession, wanted: ClusterCreate, *, now: datetime
) -> Cluster:
    """Enter a cluster. Raises `UnknownRegion`, `UnknownIndustry`, `UnknownCollege`,
    `ClusterCodeTaken`.
    """
    await _check_region(session, wanted.region)
    if not await repository.existing(session, Industry.code, [wanted.industry]):
        raise UnknownIndustry(f"Отрасли {wanted.industry} нет.", field="body.industry")
    await _check_college(session, wanted.core_college_id)
    cluster = Cluster(id=new_id(), registered_at=now, **wanted.model_dump())
    await repository.save(session, cluster)
    facts = _facts(cluster, ClusterEvent)
    await outbox.add(session, [ClusterRegistered(**facts, cluster_id=cluster.id, occurred_at=now)])
    return cluster


async def change_cluster(
    session: AsyncSession,
    cluster_id: UUID,
    wanted: ClusterPatch,
    *,
    now: datetime,
    expected_version: int | None,
) -> Cluster:
    """Change what is named; nothing named, nothing changes and nobody is told.

    Raises `ClusterNotFound`, `VersionMismatch`, `UnknownCollege`.
    """
    cluster = await repository.get_cluster(session, cluster_id, for_update=True)
    expect_version(cluster.version, expected_version)
    await _check_college(session, wanted.core_college_id)
    if not _update(cluster, wanted.model_dump(exclude_unset=True)):
        return cluster
    cluster.version += 1
    await repository.save(session, cluster)
    facts = _facts(cluster, ClusterEvent)
    await outbox.add(session, [ClusterChanged(**facts, cluster_id=cluster.id, occurred_at=now)])
    return cluster


async def enter_person(session: AsyncSession, wanted: PersonCreate) -> Person:
    """Enter a person."""
    person = Person(id=new_id(), **wanted.model_dump())
    await repository.save(session, person)
    return person


async def appoint(
    session: AsyncSession, wanted: AppointmentCreate, actor: Actor, *, now: datetime
) -> Appointment:
    """Appoint a person to an office of a region.

    Raises `UnknownRegion` (also for a head of another region's authority), `UnknownPerson`,
    `DatesReversed`, `AppointmentOverlaps`.
    """
    if not actor.is_any(Role.CUR_ADMIN) and wanted.region not in actor.regions:
        raise UnknownRegion("Назначать можно только в своём регионе.", field="body.region")
    await _check_region(session, wanted.region)
    if await session.get(Person, wanted.person_id) is None:
        raise UnknownPerson("Такого человека нет.", field="body.person_id")
    _check_order(wanted.valid_from, wanted.valid_to)
    # Said before a rival's transaction is waited for.
    await outbox.admit(session, now)
    appointment = Appointment(id=new_id(), **wanted.model_dump())
    if not await repository.add_appointment(session, appointment):
        raise await _overlap(session, wanted)
    facts = _facts(appointment, AppointmentEvent)
    event = AppointmentMade(**facts, appointment_id=appointment.id, occurred_at=now)
    await outbox.add(session, [event])
    return appointment


def _check_order(valid_from: date, valid_to: date | None) -> None:
    if valid_to is not None and valid_to < valid_from:
        raise DatesReversed(
            f"Последний день раньше первого ({valid_from:%d.%m.%Y}).", field="body.valid_to"
        )


async def _overlap(session: AsyncSession, wanted: AppointmentCreate) -> AppointmentOverlaps:
    """The refusal, saying which tenure is in the way (dates, not names)."""
    known = await repository.list_appointments(
        session, region=wanted.region, office=wanted.office, at=None, after=None, limit=1000
    )
    last = wanted.valid_to or date.max
    for held in known:
        if held.valid_from <= last and (held.valid_to or date.max) >= wanted.valid_from:
            until = f"по {held.valid_to:%d.%m.%Y}" if held.valid_to else "бессрочно"
            return AppointmentOverlaps(
                f"{OFFICE_NAMES[wanted.office].capitalize()} региона {wanted.region} уже назначен "
                f"с {held.valid_from:%d.%m.%Y} {until}.",
                field="body.valid_from",
            )
    return AppointmentOverlaps("В эти даты должность уже занята.", field="body.valid_from")


async def end_appointment(
    session: AsyncSession, appointment_id: UUID, valid_to: date, *, now: datetime
) -> Appointment:
    """Give a tenure its last day, or one earlier than it has.

    Raises `AppointmentNotFound`, `AppointmentEndedAlready`, `DatesReversed`.
    """
    appointment = await repository.get_appointment(session, appointment_id)
    if appointment.valid_to is not None and appointment.valid_to <= valid_to:
        raise AppointmentEndedAlready(
            f"Последний день уже назван: {appointment.valid_to:%d.%m.%Y}. Его можно приблизить,"
            " но не отдалить.",
            field="body.valid_to",
        )
    _check_order(appointment.valid_from, valid_to)
    appointment.valid_to = valid_to
    appointment.version += 1
    await repository.save(session, appointment)
    facts = _facts(appointment, AppointmentEvent)
    event = AppointmentEnded(**facts, appointment_id=appointment.id, occurred_at=now)
    await outbox.add(session, [event])
    return appointment


async def coverage(session: AsyncSession, at: date) -> tuple[int, Sequence[Region]]:
    """How many regions there are, and which have no coordinator on the date."""
    total = len(await repository.all_of(session, Region))
    return total, await repository.regions_without(session, Office.COORDINATOR, at)


async def resolve_addressees(session: AsyncSession, wanted: AddresseesQuery) -> Sequence[Row[Any]]:
    """Who is addressed as of the date.

    Raises `SelectorNotForAuthorities`, `UnknownRegion`, `UnknownIndustry`, `UnknownCluster`,
    `TooManyAddressees`.
    """
    if wanted.kind == "authority":
        for name in ("clusters", "cohorts", "industries"):
            if getattr(wanted, name):
                raise SelectorNotForAuthorities(
                    "Органам власти адресуют по регионам, а не по кластерам.", field=f"body.{name}"
                )
    for field, refusal, column, values in (
        ("regions", UnknownRegion, Region.code, wanted.regions),
        ("industries", UnknownIndustry, Industry.code, wanted.industries),
        ("clusters", UnknownCluster, Cluster.id, wanted.clusters),
    ):
        missing = set(values) - await repository.existing(session, column, values)
        if missing:
            some = ", ".join(sorted(map(str, missing))[:5])
            raise refusal(f"Нет в справочнике: {some}.", field=f"body.{field}")
    limit = MAX_ADDRESSEES + 1
    if wanted.kind == "authority":
        found = await repository.resolve_authorities(
            session, wanted.regions, at=wanted.at, limit=limit
        )
    else:
        selector = Selector(wanted.clusters, wanted.regions, wanted.cohorts, wanted.industries)
        found = await repository.resolve_clusters(session, selector, at=wanted.at, limit=limit)
    if len(found) > MAX_ADDRESSEES:
        raise TooManyAddressees(f"Адресатов больше {MAX_ADDRESSEES}: уточните отбор.", field="body")
    return found
