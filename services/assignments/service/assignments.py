"""What the issuer does to a whole assignment, and the events that tell it.

Withdraw, supersede, redate, name a controller.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.deadlines import check_new_due, move_to_working_day
from services.assignments.domain.executions import Command, Order
from services.assignments.models import Assignment, Execution
from services.assignments.repository import assignments as repository
from services.assignments.repository import executions, policies
from services.assignments.service.commands import Request, perform_many
from services.assignments.service.parties import Controlled, controls
from shared import outbox
from shared.auth import Actor
from shared.errors import Conflict, DomainError, Forbidden, Invalid, expect_version
from shared.events.assignments import (
    AssignmentChanged,
    AssignmentEvent,
    AssignmentSuperseded,
    AssignmentWithdrawn,
)


class AssignmentOver(Conflict):
    """The assignment has been withdrawn or superseded already."""

    code = "assignment_over"
    title = "Поручение уже снято"


class NotTheController(Forbidden):
    """Another controller is named in the assignment."""

    code = "not_the_controller"
    title = "Поручение контролирует другой человек"


class SuccessorInvalid(Invalid):
    """The assignment that is to take the place cannot."""

    code = "successor_invalid"
    title = "Этим поручением заменить нельзя"


@dataclass(frozen=True, slots=True)
class Effect:
    """What an order to the whole assignment came to: per open execution, in the order of ids."""

    assignment: Assignment
    outcomes: list[tuple[UUID, Execution | DomainError]]


async def command_all(
    session: AsyncSession,
    assignment_id: UUID,
    order: Order,
    actor: Actor,
    *,
    now: datetime,
    expected_version: int | None = None,
) -> Effect:
    """Withdraw, supersede or redate whatever of the assignment is still open.

    An execution that refuses (a report under review is not redated) is named with its reason and
    hinders none of the others. Where none is redated, neither is the assignment.

    Raises `AssignmentNotFound`, `AssignmentOver`, `NotTheController`, `SuccessorInvalid`,
    `DateInvalid`, `VersionMismatch`.
    """
    await outbox.admit(session, now)
    if order.successor is not None:
        await repository.lock_assignments(session, {assignment_id, order.successor})
    assignment = await repository.get_assignment(session, assignment_id, for_update=True)
    expect_version(assignment.version, expected_version)
    if assignment.withdrawn_at is not None or assignment.superseded_by is not None:
        raise AssignmentOver("Это поручение уже отозвано или заменено.")
    check_controller(assignment, actor)
    event: type[AssignmentChanged | AssignmentWithdrawn | AssignmentSuperseded]
    due: date | None = None
    match order.command:
        case Command.WITHDRAW:
            assignment.withdrawn_at, event = now, AssignmentWithdrawn
        case Command.SUPERSEDE:
            await check_successor(session, assignment.id, order.successor)
            assignment.superseded_by, event = order.successor, AssignmentSuperseded
        case _:
            due, event = await _new_due(session, assignment, order), AssignmentChanged
    ids = await executions.open_of_assignment(session, assignment_id)
    outcomes = await perform_many(session, [Request(one, order) for one in ids], actor, now=now)
    effect = Effect(assignment, list(zip(ids, outcomes, strict=True)))
    if due is not None:
        if all(isinstance(outcome, DomainError) for outcome in outcomes):
            return effect
        assignment.due = due
    assignment.version += 1
    session.add(assignment)
    await outbox.add(session, [told(event, assignment, now=now)])
    return effect


def check_controller(what: Controlled, actor: Actor) -> None:
    """Raise `NotTheController` unless the actor controls the assignment, or the series."""
    if not controls(actor, what):
        raise NotTheController("В поручении назван другой контролёр.")


async def check_successor(
    session: AsyncSession, assignment_id: UUID, successor: UUID | None
) -> None:
    """Raise `SuccessorInvalid` unless the successor may take the place of the assignment."""
    if successor == assignment_id or successor is None:
        raise SuccessorInvalid("Поручение не может заменить само себя.", field="body.by")
    try:
        found = await repository.get_assignment(session, successor)
    except repository.AssignmentNotFound as error:
        raise SuccessorInvalid("Поручения с таким id нет.", field="body.by") from error
    if found.withdrawn_at is not None or found.superseded_by is not None:
        raise SuccessorInvalid("Заменяющее поручение само уже снято.", field="body.by")


async def _new_due(session: AsyncSession, assignment: Assignment, order: Order) -> date:
    if order.on is None:
        raise TypeError("a redating needs a date")
    check_new_due(order.on, issued_on=assignment.issued_on)
    policy = (await policies.all_policies(session))[assignment.policy_version]
    floor = min(order.on, assignment.issued_on)
    return move_to_working_day(order.on, policy, not_before=floor)[0]


async def name_controller(
    session: AsyncSession,
    assignment_id: UUID,
    *,
    controller: str | None,
    deputy: str | None,
    now: datetime,
    expected_version: int | None = None,
) -> Assignment:
    """Say who controls the assignment and who stands in; nobody means any controller.

    Of a series that goes on: who controls what it issues from now on too. Raises
    `AssignmentNotFound`, `VersionMismatch`.
    """
    series = await repository.lock_series_of(session, assignment_id)
    assignment = await repository.get_assignment(session, assignment_id, for_update=True)
    expect_version(assignment.version, expected_version)
    if series is not None and series.ended_at is None:
        named = {"controller": controller, "controller_deputy": deputy}
        control = {**series.instruction["control"], **named}
        series.instruction = {**series.instruction, "control": control}
        series.version += 1
    assignment.controller, assignment.controller_deputy = controller, deputy
    assignment.version += 1
    session.add(assignment)
    await session.flush()
    await outbox.add(session, [told(AssignmentChanged, assignment, now=now)])
    return assignment


def told(kind: type[AssignmentEvent], assignment: Assignment, *, now: datetime) -> AssignmentEvent:
    """The event of this kind with the assignment's facts."""
    known = assignment.model_dump(include=set(kind.model_fields))
    return kind(**known, assignment_id=assignment.id, occurred_at=now)
