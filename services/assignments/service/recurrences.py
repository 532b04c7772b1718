"""Series of assignments that recur: begun, gone on with as their days come, ended."""

from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.deadlines import CENTRE, move_to_working_day
from services.assignments.domain.instructions import Instruction
from services.assignments.models import Assignment, Recurrence
from services.assignments.repository import assignments as repository
from services.assignments.repository import policies
from services.assignments.service.assignments import check_controller
from services.assignments.service.fan_outs import fan_out
from shared import outbox
from shared.auth import Actor
from shared.clients.base import CalleeRefused, ServiceClient
from shared.clock import date_in
from shared.errors import Conflict, DomainError, expect_version
from shared.events.meetings import Control
from shared.ids import new_id
from shared.recurrence import RuleInvalid, next_date

_DAY: Final = timedelta(days=1)
# How long a series in trouble is let be.
_LET_BE: Final = timedelta(minutes=10)

logger = structlog.get_logger(__name__)


class SeriesEnded(Conflict):
    """The series has been ended already."""

    code = "recurrence_ended"
    title = "Ряд поручений уже прекращён"


async def begin_series(
    session: AsyncSession,
    client: ServiceClient,
    instruction: Instruction,
    rule: str,
    *,
    now: datetime,
) -> Assignment:
    """Keep the instruction as a series and issue its first occurrence.

    Raises `RuleInvalid`, and what issuing an assignment raises.
    """
    first = next_date(rule, starts_on=instruction.signed_on, after=instruction.signed_on)
    if first is None:
        raise RuleInvalid("По этому правилу нет ни одной даты.", field="body.control.rule")
    series = Recurrence(
        id=new_id(),
        origin=instruction.origin,
        instruction=instruction.model_dump(mode="json"),
        rule=rule,
        starts_on=instruction.signed_on,
        created_at=now,
    )
    session.add(series)
    await session.flush()
    return await _next_occurrence(session, client, series, nominal=first, now=now)


async def issue_recurring(session: AsyncSession, client: ServiceClient, *, now: datetime) -> int:
    """Issue what recurs and whose day has come; how many. Raises `CalleeAway`.

    A series that cannot go on says why, is let be for a while and holds up no other.
    """
    today = date_in(CENTRE, now)
    due = await repository.lock_due_recurrences(session, today, now)
    if due:
        # Before the directory is asked, and not within a savepoint, with which it would go.
        await outbox.admit(session, now)
    for series in due:
        begun = series.next_on or today
        nominal = next_date(series.rule, starts_on=series.starts_on, after=begun - _DAY)
        if nominal is None:
            series.next_on = None
            continue
        try:
            async with session.begin_nested():
                await _next_occurrence(session, client, series, nominal=nominal, now=now)
        except (CalleeRefused, DomainError) as error:
            await session.refresh(series)
            series.trouble, series.waits_until = str(error)[:1000], now + _LET_BE
            series.version += 1
            session.add(series)
            logger.exception("a series cannot go on", recurrence=str(series.id))
        else:
            series.trouble = series.waits_until = None
    return len(due)


async def _next_occurrence(
    session: AsyncSession,
    client: ServiceClient,
    series: Recurrence,
    *,
    nominal: date,
    now: datetime,
) -> Assignment:
    instruction = Instruction.model_validate(series.instruction)
    if series.issued:
        # What recurs counts its term from the day on which its period began.
        started = series.next_on or instruction.signed_on
        instruction = instruction.model_copy(update={"signed_on": started})
    version, policy = await policies.policy_at(session, instruction.signed_on)
    due, _ = move_to_working_day(nominal, policy, not_before=instruction.signed_on)
    series.issued += 1
    series.version += 1
    following = next_date(series.rule, starts_on=series.starts_on, after=nominal)
    # The next one is issued when this one's day is over: its term is counted from there.
    series.next_on = nominal + _DAY if following is not None else None
    return await fan_out(
        session,
        client,
        instruction,
        policy,
        version,
        due=due,
        now=now,
        recurrence=series,
    )


async def end_series(
    session: AsyncSession,
    recurrence_id: UUID,
    reason: str,
    actor: Actor,
    *,
    now: datetime,
    expected_version: int | None = None,
) -> Recurrence:
    """No more occurrences; those issued stay.

    Raises `RecurrenceNotFound`, `VersionMismatch`, `SeriesEnded`, `NotTheController`.
    """
    series = await repository.get_recurrence(session, recurrence_id, for_update=True)
    expect_version(series.version, expected_version)
    if series.ended_at is not None:
        raise SeriesEnded("Этот ряд поручений уже прекращён.")
    check_controller(Control.model_validate(series.instruction["control"]), actor)
    series.ended_at, series.ended_why, series.next_on = now, reason, None
    series.version += 1
    session.add(series)
    return series
