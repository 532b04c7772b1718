"""Statements of erasures: what a person is needed for, and where they are named."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import any_
from sqlmodel import col, literal, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.erasures import NotErased
from services.directory.domain.imports import ImportKind
from services.directory.models import (
    Appointment,
    Association,
    Erasure,
    Import,
    ImportRow,
    Mandate,
    Person,
    WorkingGroup,
)
from services.directory.repository.people import PersonNotFound


async def lock_person(session: AsyncSession, person_id: UUID) -> Person:
    """The person, ours until the transaction ends: nobody appoints them meanwhile.

    Raises `PersonNotFound`.
    """
    found = await session.get(Person, person_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise PersonNotFound("Человек не найден.")
    return found


async def get_erasure(session: AsyncSession, person_id: UUID) -> Erasure:
    """Raises `NotErased`."""
    found = await session.get(Erasure, person_id)
    if found is None:
        raise NotErased("Этого человека не обезличивали.")
    return found


async def offices(session: AsyncSession, person_id: UUID, since: date) -> Sequence[Appointment]:
    """Tenures of the person that have not ended before the day."""
    statement = select(Appointment).where(
        col(Appointment.person_id) == person_id, _lasts(Appointment.valid_to, since)
    )
    return (await session.exec(statement.order_by(col(Appointment.region)))).all()


async def charges(
    session: AsyncSession, person_id: UUID, since: date
) -> Sequence[tuple[Mandate, str]]:
    """Mandates of the person that have not ended before the day, and of which association."""
    statement = (
        select(Mandate, Association.name)
        .join(Association, col(Association.code) == col(Mandate.association))
        .where(col(Mandate.person_id) == person_id, _lasts(Mandate.valid_to, since))
        .order_by(col(Association.name), col(Mandate.id))
    )
    return (await session.exec(statement)).all()


async def groups(session: AsyncSession, person_id: UUID, since: date) -> Sequence[WorkingGroup]:
    """Working groups the person leads or is in, whose term has not ended before the day."""
    statement = select(WorkingGroup).where(
        or_(
            col(WorkingGroup.lead_id) == person_id,
            literal(person_id) == any_(col(WorkingGroup.members)),
        ),
        col(WorkingGroup.valid_to) >= since,
    )
    return (await session.exec(statement.order_by(col(WorkingGroup.name)))).all()


def _lasts(last: Any, since: date) -> Any:
    return or_(col(last).is_(None), col(last) >= since)


async def listed_rows(session: AsyncSession) -> Sequence[ImportRow]:
    """Every row of lists of coordinators that is still kept."""
    statement = (
        select(ImportRow)
        .join(Import, col(Import.id) == col(ImportRow.import_id))
        .where(col(Import.kind) == ImportKind.COORDINATORS)
    )
    return (await session.exec(statement)).all()


async def lists(session: AsyncSession) -> Sequence[Import]:
    """Lists of coordinators, ours until the transaction ends; oldest first."""
    statement = (
        select(Import)
        .where(col(Import.kind) == ImportKind.COORDINATORS)
        .order_by(col(Import.id))
        .with_for_update()
    )
    return (await session.exec(statement)).all()
