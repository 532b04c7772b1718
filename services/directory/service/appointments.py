"""Appoint to an office, and end a tenure."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.appointments import (
    OFFICE_NAMES,
    AppointmentEndedAlready,
    AppointmentOverlaps,
    check_by_authority,
)
from services.directory.domain.regions import UnknownRegion
from services.directory.models import (
    Appointment,
)
from services.directory.repository import appointments as repository
from services.directory.repository import rows
from services.directory.schemas.appointments import AppointmentCreate
from services.directory.service.associations import check_people
from services.directory.service.days import check_order, said, today
from services.directory.service.regions import check_region
from services.directory.service.rows import facts_of
from shared import outbox
from shared.auth import Actor, Rows
from shared.errors import expect_version
from shared.events.directory import (
    AppointmentEnded,
    AppointmentEvent,
    AppointmentMade,
)
from shared.ids import new_id


async def appoint(
    session: AsyncSession, wanted: AppointmentCreate, actor: Actor, *, now: datetime
) -> Appointment:
    """Appoint a person to an office of a region.

    Raises `UnknownRegion` (also for a head of another region's authority), `OfficeReserved` and
    `AppointmentBackdated` (for a head of an authority), `UnknownPerson`, `PersonErased`,
    `DatesReversed`, `AppointmentOverlaps`.
    """
    if not actor.reaches_all:
        if Rows.REGION not in actor.rows or wanted.region not in actor.regions:
            raise UnknownRegion("Назначать можно только в своём регионе.", field="body.region")
        check_by_authority(wanted.office, wanted.valid_from, today=today(now))
    await check_region(session, wanted.region)
    await check_people(session, [wanted.person_id], actor)
    check_order(wanted.valid_from, wanted.valid_to)
    # Said before a rival's transaction is waited for.
    await outbox.admit(session, now)
    appointment = Appointment(id=new_id(), made_at=now, **wanted.model_dump())
    if not await repository.add_appointment(session, appointment):
        raise await _overlap(session, wanted)
    facts = facts_of(appointment, AppointmentEvent)
    event = AppointmentMade(**facts, appointment_id=appointment.id, occurred_at=now)
    await outbox.add(session, [event])
    return appointment


async def _overlap(session: AsyncSession, wanted: AppointmentCreate) -> AppointmentOverlaps:
    """The refusal, saying which tenure is in the way (dates, not names)."""
    known = await repository.list_appointments(
        session, region=wanted.region, office=wanted.office, at=None, after=None, limit=1000
    )
    last = wanted.valid_to or date.max
    for held in known:
        if held.valid_from <= last and (held.valid_to or date.max) >= wanted.valid_from:
            return AppointmentOverlaps(
                f"{OFFICE_NAMES[wanted.office].capitalize()} региона {wanted.region} уже назначен "
                f"{said(held.valid_from, held.valid_to)}.",
                field="body.valid_from",
            )
    return AppointmentOverlaps("В эти даты должность уже занята.", field="body.valid_from")


async def end_appointment(
    session: AsyncSession,
    appointment_id: UUID,
    valid_to: date,
    *,
    now: datetime,
    expected_version: int | None,
) -> Appointment:
    """Give a tenure its last day, or one earlier than it has.

    Raises `AppointmentNotFound`, `VersionMismatch`, `AppointmentEndedAlready`, `DatesReversed`.
    """
    appointment = await repository.get_appointment(session, appointment_id)
    expect_version(appointment.version, expected_version)
    if appointment.valid_to is not None and appointment.valid_to <= valid_to:
        raise AppointmentEndedAlready(
            f"Последний день уже назван: {appointment.valid_to:%d.%m.%Y}. Его можно приблизить,"
            " но не отдалить.",
            field="body.valid_to",
        )
    check_order(appointment.valid_from, valid_to)
    appointment.valid_to = valid_to
    appointment.version += 1
    await rows.save(session, appointment)
    facts = facts_of(appointment, AppointmentEvent)
    event = AppointmentEnded(**facts, appointment_id=appointment.id, occurred_at=now)
    await outbox.add(session, [event])
    return appointment
