"""Ask authorities to appoint, and remind those who have not answered."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.appointment_requests import (
    DueInPast,
    NothingToRequest,
    OfficeNotVacant,
    RequestAnswered,
    RequestOpen,
)
from services.directory.domain.appointments import OFFICE_NAMES, Office
from services.directory.domain.regions import UnknownRegion
from services.directory.models import AppointmentRequest, Region
from services.directory.repository import appointment_requests as repository
from services.directory.repository import rows
from services.directory.schemas.appointment_requests import AppointmentRequestCreate
from services.directory.service.days import today
from shared.errors import expect_version
from shared.ids import new_id


async def request_appointments(
    session: AsyncSession, wanted: AppointmentRequestCreate, *, by: str, now: datetime
) -> Sequence[AppointmentRequest]:
    """A request to each region named, or to all that are vacant and not asked yet.

    Raises `DueInPast`, `UnknownRegion`, `OfficeNotVacant`, `RequestOpen`, `NothingToRequest`.
    """
    day = today(now)
    if wanted.due_on < day:
        raise DueInPast(f"Срок ответа раньше, чем {day:%d.%m.%Y}.", field="body.due_on")
    await repository.lock_requests(session)
    vacant = await repository.vacant_regions(session, wanted.office, day)
    asked = await repository.asked_regions(session, wanted.office)
    if wanted.regions:
        chosen = set(wanted.regions)
        unknown = chosen - await rows.existing(session, Region.code, wanted.regions)
        _refuse(unknown, UnknownRegion, "Нет в справочнике")
        _refuse(
            chosen - vacant, OfficeNotVacant, f"{OFFICE_NAMES[wanted.office].capitalize()} уже есть"
        )
        _refuse(chosen & asked, RequestOpen, "Уже запрошены и не ответили")
    else:
        chosen = vacant - asked
        if not chosen:
            raise NothingToRequest("Все регионы или назначили, или уже запрошены.")
    made = [
        AppointmentRequest(
            id=new_id(),
            region=region,
            office=wanted.office,
            letter=wanted.letter,
            due_on=wanted.due_on,
            requested_at=now,
            requested_by=by,
        )
        for region in sorted(chosen)
    ]
    session.add_all(made)
    await session.flush()
    return made


def _refuse(
    regions: set[str], refusal: type[UnknownRegion | OfficeNotVacant | RequestOpen], words: str
) -> None:
    if regions:
        raise refusal(f"{words}: {', '.join(sorted(regions)[:5])}.", field="body.regions")


async def remind(
    session: AsyncSession, request_id: UUID, *, now: datetime, expected_version: int | None
) -> None:
    """Count one more reminder.

    Raises `AppointmentRequestNotFound`, `VersionMismatch`, `RequestAnswered`.
    """
    request = await repository.lock_request(session, request_id)
    expect_version(request.version, expected_version)
    if (await repository.view_request(session, request_id)).appointment_id is not None:
        raise RequestAnswered(f"Регион {request.region} уже назначил.")
    request.reminders += 1
    request.reminded_at = now
    request.version += 1
    await rows.save(session, request)


async def remind_all(session: AsyncSession, office: Office, *, overdue: bool, now: datetime) -> int:
    """Remind everybody who has not answered, or not in time; how many there were."""
    due_before = today(now) if overdue else None
    return await repository.remind(session, office, due_before=due_before, now=now)
