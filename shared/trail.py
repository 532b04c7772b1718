"""The audit trail's rows: who did what with which request, written in the command's transaction.

A row says that an operation succeeded and committed, and what it changed (`shared.changes`); a
refusal changes nothing and is in the logs and metrics. Nothing personal is in it: an actor is an
id, a body is its hash, a changed name is masked, a link that anybody may follow is its template,
for its address is a secret.
"""

import hashlib
from typing import Any, Final

from fastapi import Request
from fastapi.routing import APIRoute
from sqlmodel.ext.asyncio.session import AsyncSession
from structlog.contextvars import get_contextvars

from shared import clock
from shared.changes import CHANGES, Changes, Masks, gathered

# In the request's scope: who was let in, and the status a command means to answer.
ACTOR: Final = "actor"
STATUS: Final = "answered"
_INSERT: Final = (
    "insert into audit_log"
    " (at, actor, roles, operation, method, target, status, request_id, body_sha256, changes)"
)
_REQUEST: Final = "audited_request"
# The same once its row was taken: what is changed after that has a row of its own.
_TAKEN: Final = "audited_request_taken"
_COLUMNS: Final = 10
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_TARGET_LENGTH: Final = 300


def insert_from(first: int = 1) -> str:
    """The statement for one row; its ten parameters are numbered from `first`."""
    places = ", ".join(f"${n}" for n in range(first, first + _COLUMNS))
    return f"{_INSERT} values ({places})"


def begin(session: AsyncSession, request: Request) -> None:
    """What the session commits is this request's doing."""
    leave_out(session)
    if request.method not in _READING:
        session.info[_REQUEST] = request
        session.info[CHANGES] = Changes(_masks_of(request))


def leave_out(session: AsyncSession) -> None:
    """The request repeats one that is in the trail, and changes nothing."""
    for name in (_REQUEST, _TAKEN, CHANGES):
        session.info.pop(name, None)


async def take(session: AsyncSession) -> tuple[Any, ...] | None:
    """The request's row, for whoever writes it; None where there is none, or it was taken.

    What waits to be written is written before, so that the row can tell of it.
    """
    request: Request | None = session.info.get(_REQUEST)
    if request is None:
        return None
    await _write(session)
    changes = gathered(session.info)
    row = await _row_of(request, changes.told() if changes else None)
    session.info[_TAKEN] = session.info.pop(_REQUEST)
    session.info[CHANGES] = Changes(_masks_of(request))
    return row


async def take_the_rest(session: AsyncSession) -> tuple[Any, ...] | None:
    """At the end: the request's row, or another for what was changed after it was taken."""
    if (row := await take(session)) is not None:
        leave_out(session)
        return row
    request: Request | None = session.info.get(_TAKEN)
    if request is None:
        return None
    await _write(session)
    changes = gathered(session.info)
    told = changes.told() if changes else None
    leave_out(session)
    return await _row_of(request, told) if told else None


async def _write(session: AsyncSession) -> None:
    if session.new or session.dirty or session.deleted:
        await session.flush()


def _masks_of(request: Request) -> Masks:
    found: Masks = request.app.state.masks
    return found


async def _row_of(request: Request, changes: str | None) -> tuple[Any, ...]:
    route = request.scope.get("route")
    assert isinstance(route, APIRoute), "only routes of ours have a session"
    actor = request.scope.get(ACTOR)
    # As whoever parsed it left it; there is none where it was a stream, and the file has its own.
    body: bytes | None = vars(request).get("_body")
    return (
        await clock.utcnow(request),
        actor.id if actor else "",
        " ".join(sorted(actor.roles)) if actor else "",
        route.operation_id or route.name,
        request.method,
        (request.url.path if actor else route.path)[:_TARGET_LENGTH],
        request.scope.get(STATUS) or route.status_code or 200,
        get_contextvars().get("request_id"),
        hashlib.sha256(body).hexdigest() if body else None,
        changes,
    )
