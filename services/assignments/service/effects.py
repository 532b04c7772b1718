"""What each command does to the execution's row: its dates, counters and hand-in."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from services.assignments.domain.executions import (
    Command,
    ExecutorRole,
    Order,
    Party,
    Track,
    track_of,
)
from services.assignments.models import Execution


def take_effect(
    execution: Execution,
    order: Order,
    party: Party,
    details: Mapping[str, Any],
    *,
    today: date,
    now: datetime,
) -> None:
    """Change what the command is about; the row's status and version have moved already."""
    match order.command:
        case Command.ROUTE:
            execution.routed_at = now
        case Command.DELEGATE:
            execution.internal_due = details.get("internal_due", execution.internal_due)
        case Command.SUBMIT:
            execution.submitted_at = now
            if track_of(execution.addressee, execution.role) is not Track.CLUSTER:
                execution.done = today
        case Command.FORWARD:
            execution.forwarded_at = now
            execution.done = today
        case Command.RETURN if party is Party.CONTROLLER:
            # ЦУР's return takes the hand-in back; a coordinator's pre-check is free.
            _take_back(execution, today)
            execution.returns += 1
        case Command.RETURN if party is Party.LEAD:
            execution.done = None
        case Command.ACCEPT_PART:
            # No return: but what is left is not handed in, and has the days of a rework.
            _take_back(execution, today)
            execution.accepted_points = sorted({*execution.accepted_points, *details["points"]})
        case Command.ACCEPT:
            execution.accepted_at = now
        case Command.CLOSE:
            execution.done = execution.done or today
            execution.submitted_at = execution.submitted_at or now
            execution.accepted_at = now
        case Command.GRANT_EXTENSION:
            if details["in_time"]:
                execution.due = details["granted"]
                execution.extensions += 1
            else:
                execution.control_due = details["granted"]
            if execution.role is ExecutorRole.CO:
                # The date it was given is the one it works to, not the first half of another.
                execution.internal_due = None
        case Command.REDATE:
            execution.due = details["due"]
            internal = details.get("internal_due", execution.internal_due)
            execution.internal_due = internal and min(internal, execution.due)
        case Command.WITHDRAW:
            execution.withdrawn_at = now
        case Command.SUPERSEDE:
            execution.superseded_by = order.successor
        case Command.EXPIRE:
            execution.expired_due = execution.due
        case _:
            pass


def _take_back(execution: Execution, today: date) -> None:
    execution.forwarded_at = None
    execution.done = None
    execution.returned_on = today
    # An internal date that has come says nothing about the days of the rework.
    if execution.internal_due is not None and execution.internal_due <= today:
        execution.internal_due = None
