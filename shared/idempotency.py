"""`Idempotency-Key`: the repetition of a creating request creates nothing and gets its answer.

The key, the effect and the answer are one transaction, so a request that failed leaves no key.
A second request with the same key waits for the first one's transaction.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from pydantic import BaseModel
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from shared import trail
from shared.clock import Now
from shared.db import Session
from shared.errors import Invalid
from shared.personal import Traces
from shared.versions import tag

_CLAIM = text(
    "insert into idempotency_keys (actor, operation, key, body_hash, created_at)"
    " values (:actor, :operation, :key, :body_hash, :now) on conflict do nothing"
)
_FOUND = text(
    "select body_hash, status, answer from idempotency_keys"
    " where actor = :actor and operation = :operation and key = :key"
)
_ANSWERED = text(
    "update idempotency_keys set status = :status, answer = :answer"
    " where actor = :actor and operation = :operation and key = :key"
)


_KEPT = text(
    "select actor, operation, key, status, answer from idempotency_keys"
    " where exists (select from unnest(cast(:traces as text[])) as trace"
    " where strpos(lower(answer), trace) > 0)"
)


class KeyReused(Invalid):
    """The key was used for another request."""

    code = "idempotency_key_reused"
    title = "Ключ идемпотентности уже использован"


class Once:
    """Runs the request's work, or gives the answer of the request it repeats."""

    def __init__(
        self, session: AsyncSession, request: Request, key: str | None, now: datetime
    ) -> None:
        self._session = session
        self._request = request
        self._key = key
        self._now = now

    async def __call__(
        self,
        actor: str,
        work: Callable[[], Awaitable[Any]],
        *,
        answer: type[BaseModel],
        status: int = 201,
        body: bytes | None = None,
        tagged: bool = False,
        shown: Callable[[str], str] = str,
        again: Callable[[str], Awaitable[None]] | None = None,
    ) -> Response:
        """The JSON answer of `work`, shaped by the schema `answer`. Raises `KeyReused`.

        Where it is to be `tagged`, its `ETag` says the `version` it shows: of a repetition too.
        `body` says what the request asks for where its bytes are a stream and differ every time.
        `shown` makes of the JSON that is kept the one to answer with: a secret is not kept openly.
        `again` looks at it before a repetition is answered with it, and raises where it holds no
        more: the repetition is refused then and still creates nothing.
        """
        self._request.scope[trail.STATUS] = status
        if self._key is None:
            return self._respond(shown(self._render(answer, await work())), status, tagged)
        connection = await self._session.connection()
        path = self._request.url.path
        where = {"actor": actor, "operation": f"POST {path}"[:300], "key": self._key}
        asked = await self._request.body() if body is None else body
        body_hash = hashlib.sha256(asked).hexdigest()
        claim = {**where, "body_hash": body_hash, "now": self._now}
        claimed = await connection.execute(_CLAIM, claim)
        if claimed.rowcount == 0:
            found = (await connection.execute(_FOUND, where)).one()
            if found.body_hash != body_hash:
                raise KeyReused(
                    "С этим Idempotency-Key уже отправлен другой запрос.", field="Idempotency-Key"
                )
            trail.leave_out(self._session)
            if again is not None:
                await again(found.answer)
            return self._respond(shown(found.answer), found.status, tagged)
        rendered = self._render(answer, await work())
        await connection.execute(_ANSWERED, {**where, "status": status, "answer": rendered})
        return self._respond(shown(rendered), status, tagged)

    @staticmethod
    def _render(answer: type[BaseModel], found: Any) -> str:
        return answer.model_validate(found, from_attributes=True).model_dump_json()

    @staticmethod
    def _respond(body: str, status: int, tagged: bool) -> Response:
        response = Response(body, status_code=status, media_type="application/json")
        if tagged:
            tag(response, json.loads(body)["version"])
        return response


async def _once(
    session: Session,
    request: Request,
    now: Now,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            min_length=1,
            max_length=200,
            pattern=r"^[\x21-\x7e]+$",
            description="Повтор запроса с тем же ключом ничего не создаёт и получает тот же ответ",
        ),
    ] = None,
) -> Once:
    return Once(session, request, key, now)


Idempotent = Annotated[Once, Depends(_once, scope="function")]


async def scrub(session: AsyncSession, traces: Traces) -> int:
    """Take a person out of the answers that are kept; how many had named them."""
    return await rewrite(session, traces.found_by, traces.scrubbed)


async def rewrite(
    session: AsyncSession, traces: Collection[str], change: Callable[[Any], Any]
) -> int:
    """Change the kept answers in which one of these stands, whoever's; how many there were."""
    connection = await session.connection()
    kept = await connection.execute(_KEPT, {"traces": [one.lower() for one in traces]})
    rows = [
        {
            "actor": row.actor,
            "operation": row.operation,
            "key": row.key,
            "status": row.status,
            "answer": json.dumps(
                change(json.loads(row.answer)), ensure_ascii=False, separators=(",", ":")
            ),
        }
        for row in kept
    ]
    if rows:
        await connection.execute(_ANSWERED, rows)
    return len(rows)


async def forget(session: AsyncSession, *, before: datetime) -> None:
    """Delete the keys of requests made before the instant."""
    connection = await session.connection()
    await connection.execute(
        text("delete from idempotency_keys where created_at < :before"), {"before": before}
    )
