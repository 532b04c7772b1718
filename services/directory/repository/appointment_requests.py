"""Statements of requests to appoint; whether one is answered is read off the appointments."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Date, Row, and_, cast, func, lateral, or_, text, true, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.appointments import Office
from services.directory.models import Appointment, AppointmentRequest, Region
from shared.errors import NotFound

_ALONE: Final = text("lock table appointment_requests in share row exclusive mode")


class AppointmentRequestNotFound(NotFound):
    """No request has this id, or it is to another region's authority."""

    code = "appointment_request_not_found"
    title = "Запрос не найден"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which requests; what is None restricts nothing. `regions` are those the caller may see."""

    regions: Collection[str] | None = None
    region: str | None = None
    office: Office | None = None
    answered: bool | None = None
    overdue: bool | None = None


async def lock_requests(session: AsyncSession) -> None:
    """Wait until nobody else makes requests; readers go on."""
    await (await session.connection()).execute(_ALONE)


async def vacant_regions(session: AsyncSession, office: Office, day: date) -> set[str]:
    """Regions where nobody holds the office on the day or is to hold it later."""
    taken = select(Appointment.region).where(
        Appointment.office == office,
        or_(col(Appointment.valid_to).is_(None), col(Appointment.valid_to) >= day),
    )
    return set(await session.exec(select(Region.code).where(col(Region.code).not_in(taken))))


async def asked_regions(session: AsyncSession, office: Office) -> set[str]:
    """Regions that have been asked and have not answered."""
    statement = _viewed([col(AppointmentRequest.region)], office=office, answered=False)
    return set(await session.exec(statement))


def _viewed(
    shown: Sequence[Any], *, office: Office | None = None, answered: bool | None = None
) -> Any:
    """Requests, each with the appointment that answers it.

    Nobody held the office on the day of the request or later, so the first appointment that
    reaches that day is the answer, whenever it was entered.
    """
    asked_on = cast(func.timezone("Europe/Moscow", col(AppointmentRequest.requested_at)), Date)
    answer = lateral(
        select(
            col(Appointment.id).label("appointment_id"),
            col(Appointment.valid_from).label("appointed_from"),
            col(Appointment.made_at).label("answered_at"),
        )
        .where(
            col(Appointment.region) == col(AppointmentRequest.region),
            col(Appointment.office) == col(AppointmentRequest.office),
            or_(col(Appointment.valid_to).is_(None), col(Appointment.valid_to) >= asked_on),
        )
        .order_by(col(Appointment.made_at), col(Appointment.id))
        .limit(1)
    ).alias("answer")
    columns = [*shown] or [
        *(col(getattr(AppointmentRequest, name)).label(name) for name in _FIELDS),
        *answer.c,
    ]
    statement: Any = select(*columns).select_from(AppointmentRequest).outerjoin(answer, true())
    if office is not None:
        statement = statement.where(col(AppointmentRequest.office) == office)
    if answered is not None:
        unanswered = answer.c.appointment_id.is_(None)
        statement = statement.where(~unanswered if answered else unanswered)
    return statement


_FIELDS: Final = tuple(AppointmentRequest.model_fields)


async def list_requests(
    session: AsyncSession, wanted: Wanted, *, day: date, after: UUID | None, limit: int
) -> Sequence[Row[Any]]:
    """In the order they were made."""
    answered = False if wanted.overdue else wanted.answered
    statement = _viewed([], office=wanted.office, answered=answered)
    if wanted.overdue:
        statement = statement.where(col(AppointmentRequest.due_on) < day)
    if wanted.region is not None:
        statement = statement.where(col(AppointmentRequest.region) == wanted.region)
    if wanted.regions is not None:
        statement = statement.where(col(AppointmentRequest.region).in_(wanted.regions))
    if after is not None:
        statement = statement.where(col(AppointmentRequest.id) > after)
    statement = statement.order_by(col(AppointmentRequest.id)).limit(limit)
    found: Sequence[Row[Any]] = (await session.exec(statement)).all()
    return found


async def view_request(
    session: AsyncSession, request_id: UUID, regions: Collection[str] | None = None
) -> Row[Any]:
    """Raises `AppointmentRequestNotFound`, also for another's region."""
    statement = _viewed([]).where(col(AppointmentRequest.id) == request_id)
    if regions is not None:
        statement = statement.where(col(AppointmentRequest.region).in_(regions))
    found: Row[Any] | None = (await session.exec(statement)).first()
    if found is None:
        raise AppointmentRequestNotFound("Запрос не найден.")
    return found


async def lock_request(session: AsyncSession, request_id: UUID) -> AppointmentRequest:
    """For changing. Raises `AppointmentRequestNotFound`."""
    found = await session.get(
        AppointmentRequest, request_id, with_for_update=True, populate_existing=True
    )
    if found is None:
        raise AppointmentRequestNotFound("Запрос не найден.")
    return found


async def remind(
    session: AsyncSession, office: Office, *, due_before: date | None, now: datetime
) -> int:
    """Count a reminder on every unanswered request (due before the day); how many."""
    waiting = _viewed([col(AppointmentRequest.id)], office=office, answered=False)
    if due_before is not None:
        waiting = waiting.where(col(AppointmentRequest.due_on) < due_before)
    statement = (
        update(AppointmentRequest)
        .where(and_(col(AppointmentRequest.id).in_(waiting)))
        .values(
            reminders=col(AppointmentRequest.reminders) + 1,
            reminded_at=now,
            version=col(AppointmentRequest.version) + 1,
        )
        .execution_options(synchronize_session=False)
    )
    return (await session.exec(statement)).rowcount
