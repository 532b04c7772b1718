"""The request for a later date: made, decided, or lapsed together with its execution."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.assignments.domain.executions import FINAL, Command, Order, Party
from services.assignments.domain.extensions import ExtensionStatus
from services.assignments.models import Execution, Extension
from shared.ids import new_id

_DECIDED: Final[Mapping[Command, ExtensionStatus]] = {
    Command.CANCEL_EXTENSION: ExtensionStatus.CANCELLED,
    Command.GRANT_EXTENSION: ExtensionStatus.GRANTED,
    Command.REFUSE_EXTENSION: ExtensionStatus.REFUSED,
}


def settle(
    execution: Execution,
    order: Order,
    party: Party,
    extension: Extension | None,
    details: Mapping[str, Any],
    *,
    actor: str,
    now: datetime,
    made: list[Extension] | None,
) -> None:
    """Keep the request for a later date in step with its execution."""
    if order.command is Command.REQUEST_EXTENSION and made is not None:
        made.append(
            Extension(
                id=new_id(),
                execution_id=execution.id,
                status=ExtensionStatus.OPEN,
                party=party,
                asked_by=actor,
                asked_at=now,
                due=details["due"],
                wanted=details["wanted"],
                reason=order.words or "",
                in_time=details["in_time"],
            )
        )
    elif extension is not None and order.command in _DECIDED:
        extension.status = _DECIDED[order.command]
        extension.decided_by, extension.decided_at = actor, now
        extension.granted, extension.words = details.get("granted"), order.words
    elif extension is not None and execution.status in FINAL:
        extension.status, extension.decided_at = ExtensionStatus.LAPSED, now
