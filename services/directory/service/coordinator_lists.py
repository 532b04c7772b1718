"""Lists of coordinators and deputies: compared with the directory, and entered into it."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.appointments import Office
from services.directory.domain.coordinator_lists import CoordinatorPlanner
from services.directory.domain.imports import Facts, Plan, RowAction
from services.directory.repository import lists as repository
from services.directory.repository import people, rows
from services.directory.schemas.appointments import AppointmentCreate
from services.directory.schemas.people import PersonCreate
from services.directory.service.appointments import appoint, end_appointment
from services.directory.service.people import enter_person
from services.directory.service.rows import update
from shared.auth import Actor, Role, Rows
from shared.listings.cells import ListedRow


async def planner(
    session: AsyncSession, _: Sequence[ListedRow], *, day: date
) -> CoordinatorPlanner:
    """What compares the rows with the directory as it is now."""
    return CoordinatorPlanner(await repository.known_offices(session))


class Entering:
    """Enters one list; people whom one stroke has entered are known to the next."""

    def __init__(self) -> None:
        # By the row that each is entered by.
        self._entered: dict[int, UUID] = {}

    async def __call__(
        self, session: AsyncSession, plans: Sequence[Plan], *, source: str, by: str, now: datetime
    ) -> None:
        """Do what the plans say, by the same commands a person would give one by one.

        Raises `AppointmentOverlaps`, `AppointmentEndedAlready`.
        """
        actor = Actor(by, frozenset({Role.CUR_ADMIN}), rows=frozenset({Rows.ALL}))
        for plan in plans:
            if plan.action in {RowAction.CREATE, RowAction.CHANGE}:
                await _enter(session, plan, actor, self._entered, now)


async def _enter(
    session: AsyncSession, plan: Plan, actor: Actor, entered: dict[int, UUID], now: datetime
) -> None:
    assert plan.after is not None
    after = plan.after
    if plan.target is not None and "predecessor_until" not in after:
        assert plan.before is not None
        await _mend(session, UUID(str(after["person_id"])), after)
        if after["valid_to"] != plan.before["valid_to"]:
            await _end(session, plan.target, after["valid_to"], now)
        return
    if plan.target is not None:
        await _end(session, plan.target, after["predecessor_until"], now)
    wanted = AppointmentCreate(
        region=str(after["region"]),
        office=Office(str(after["office"])),
        person_id=await _person(session, after, entered),
        valid_from=_day(after["valid_from"]),
        valid_to=_day(after["valid_to"]) if after["valid_to"] else None,
    )
    await appoint(session, wanted, actor, now=now)


async def _end(session: AsyncSession, target: UUID, valid_to: object, now: datetime) -> None:
    # The commit has compared the tenure with the one that the preview showed.
    await end_appointment(session, target, _day(valid_to), now=now, expected_version=None)


def _day(value: object) -> date:
    return date.fromisoformat(str(value))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


async def _person(session: AsyncSession, after: Facts, entered: dict[int, UUID]) -> UUID:
    """Who is appointed: somebody known, somebody an earlier row has entered, or somebody new."""
    if after["person_id"] is not None:
        person_id = UUID(str(after["person_id"]))
    elif (row := int(str(after["person_row"]))) in entered:
        person_id = entered[row]
    else:
        full_name, email, phone = (_text(after[one]) for one in ("full_name", "email", "phone"))
        wanted = PersonCreate(full_name=str(full_name), email=email, phone=phone)
        entered[row] = (await enter_person(session, wanted)).id
        return entered[row]
    await _mend(session, person_id, after)
    return person_id


async def _mend(session: AsyncSession, person_id: UUID, after: Facts) -> None:
    """Give the person the contacts the row says."""
    person = await people.get_person(session, person_id)
    if update(person, {"email": after["email"], "phone": after["phone"]}):
        await rows.save(session, person)
