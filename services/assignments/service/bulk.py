"""One command for many executions, each done or refused by itself."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import Command, Order
from services.assignments.models import Execution
from services.assignments.service.commands import Request, perform_many
from shared.auth import Actor
from shared.errors import DomainError, Invalid

_NEEDS_REASON: Final = frozenset(
    {
        Command.PRE_CHECK,
        Command.RETURN,
        Command.REFUSE_EXTENSION,
        Command.REDATE,
        Command.WITHDRAW,
    }
)
_NEEDS_DATE: Final = frozenset({Command.DELEGATE, Command.REDATE})
_TAKES_DATE: Final = _NEEDS_DATE | {Command.GRANT_EXTENSION}


class BulkIncomplete(Invalid):
    """The command lacks what a single one demands, or says what it does not take."""

    code = "bulk_incomplete"
    title = "Команда заполнена неверно"


async def perform_each(
    session: AsyncSession,
    command: Command,
    items: Sequence[tuple[UUID, int | None]],
    actor: Actor,
    *,
    reason: str | None,
    on: date | None,
    now: datetime,
) -> list[tuple[UUID, Execution | DomainError]]:
    """Carry the command out on each `(id, expected version)`. Raises `BulkIncomplete`."""
    if command in _NEEDS_REASON and reason is None:
        raise BulkIncomplete("Для этой команды нужна причина.", field="body.reason")
    if command in _NEEDS_DATE and on is None:
        raise BulkIncomplete("Для этой команды нужна дата.", field="body.on")
    if on is not None and command not in _TAKES_DATE:
        raise BulkIncomplete("Эта команда даты не принимает.", field="body.on")
    ids = [execution_id for execution_id, _ in items]
    if len(set(ids)) != len(ids):
        raise BulkIncomplete("Одно исполнение названо дважды.", field="body.items")
    order = Order(command, words=reason, on=on)
    requests = [Request(execution_id, order, version) for execution_id, version in items]
    outcomes = await perform_many(session, requests, actor, now=now)
    return list(zip(ids, outcomes, strict=True))
