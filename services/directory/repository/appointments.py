"""Statements of appointments."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.appointments import Office
from services.directory.models import Appointment
from shared.errors import NotFound


class AppointmentNotFound(NotFound):
    """No appointment has this id."""

    code = "appointment_not_found"
    title = "Назначение не найдено"


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
    found = await session.get(
        Appointment, appointment_id, with_for_update=True, populate_existing=True
    )
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
