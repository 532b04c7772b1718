"""The audit trail's rows: who did what with which request, written in the command's transaction.

A row says that an operation succeeded and committed; a refusal changes nothing and is in the logs
and metrics. Nothing personal is in it: an actor is an id, a body is its hash, a link that anybody
may follow is its template, for its address is a secret.
"""

import hashlib
from typing import Any, Final

from fastapi import Request
from fastapi.routing import APIRoute
from sqlmodel.ext.asyncio.session import AsyncSession
from structlog.contextvars import get_contextvars

from shared import clock

# In the request's scope: who was let in, and the status a command means to answer.
ACTOR: Final = "actor"
STATUS: Final = "answered"
_INSERT: Final = (
    "insert into audit_log"
    " (at, actor, roles, operation, method, target, status, request_id, body_sha256)"
)
_REQUEST: Final = "audited_request"
_READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_TARGET_LENGTH: Final = 300


def insert_from(first: int = 1) -> str:
    """The statement for one row; its nine parameters are numbered from `first`."""
    places = ", ".join(f"${n}" for n in range(first, first + 9))
    return f"{_INSERT} values ({places})"


def begin(session: AsyncSession, request: Request) -> None:
    """What the session commits is this request's doing."""
    session.info.pop(_REQUEST, None)
    if request.method not in _READING:
        session.info[_REQUEST] = request


def leave_out(session: AsyncSession) -> None:
    """The request repeats one that is in the trail, and changes nothing."""
    session.info.pop(_REQUEST, None)


async def take(session: AsyncSession) -> tuple[Any, ...] | None:
    """The request's row, for whoever writes it; None where there is none, or it was taken."""
    request: Request | None = session.info.pop(_REQUEST, None)
    return await _row_of(request) if request is not None else None


async def _row_of(request: Request) -> tuple[Any, ...]:
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
    )
