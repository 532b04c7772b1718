"""Dead letters over REST: listed, shown, and replayed through the same handlers."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared import dead_letters, pages
from shared.clock import Now
from shared.db import Session
from shared.envelopes import Unreadable
from shared.errors import Conflict
from shared.event_router import Circumstances, EventRouter
from shared.permissions import Acting
from shared.problems import problems
from shared.tables import DeadLetter

LetterId = Annotated[int, Path(ge=1, le=2**62)]


class StillInvalid(Conflict):
    """The message is as unreadable as it was."""

    code = "dead_letter_still_invalid"
    title = "Сообщение по-прежнему не читается"


class ReplayedAlready(Conflict):
    """The message has been replayed."""

    code = "dead_letter_replayed"
    title = "Сообщение уже применено"


class DeadLetterRead(BaseModel):
    """A message passed by: where it came from and why."""

    model_config = ConfigDict(from_attributes=True)

    id: int = Field(examples=[7])
    topic: str = Field(max_length=100, examples=["assignments.executions"])
    partition: int
    seq: int
    event_id: str = Field(max_length=100)
    type: str = Field(max_length=200, examples=["assignments.execution.issued.v1"])
    reason: str = Field(max_length=4000)
    envelope: dict[str, object]
    received_at: AwareDatetime
    replayed_at: AwareDatetime | None


class DeadLetterPage(pages.Page[DeadLetterRead]):
    """A page of dead letters."""


def dead_letter_router(events: EventRouter) -> APIRouter:
    """The dead letters of a service that hears these events."""
    router = APIRouter(prefix="/v1/dead-letters", tags=["events"])

    @router.get("", responses=problems(401, 403, 422), summary="Отложенные сообщения")
    async def list_dead_letters(
        actor: Acting,
        session: Session,
        request: Request,
        response: Response,
        waiting: Annotated[bool, Query(description="Только ещё не применённые")] = True,
        cursor: pages.Cursor = None,
        limit: pages.Limit = 50,
    ) -> DeadLetterPage:
        """Сообщения, которые не удалось прочесть или применить: откуда и почему."""
        after = pages.decode(cursor, int) if cursor else None
        rows = await dead_letters.list_letters(
            session, waiting=waiting, after=after, limit=limit + 1
        )
        page, following = pages.paginate(
            rows, limit, lambda row: row.id, request=request, response=response
        )
        items = [DeadLetterRead.model_validate(row) for row in page]
        return DeadLetterPage(items=items, next_cursor=following)

    @router.get(
        "/{letter_id}",
        response_model=DeadLetterRead,
        responses=problems(401, 403, 404, 422),
        summary="Отложенное сообщение",
    )
    async def read_dead_letter(
        actor: Acting,
        letter_id: LetterId,
        session: Session,
    ) -> DeadLetter:
        """Одно сообщение целиком."""
        return await dead_letters.get_letter(session, letter_id)

    @router.post(
        "/{letter_id}/replay",
        response_model=DeadLetterRead,
        responses=problems(401, 403, 404, 409, 422),
        summary="Применить заново",
    )
    async def replay_dead_letter(
        actor: Acting,
        letter_id: LetterId,
        session: Session,
        request: Request,
        now: Now,
    ) -> DeadLetter:
        """Применить сообщение ещё раз, когда причина устранена; порядок версий это переживёт."""
        letter = await dead_letters.get_letter(session, letter_id, for_update=True)
        if letter.replayed_at is not None:
            raise ReplayedAlready("Сообщение уже применено.")
        session.info[Circumstances] = Circumstances(now, request.state.client)
        try:
            parsed = events.parse(dead_letters.message_of(letter))
        except Unreadable as error:
            raise StillInvalid("Сообщение по-прежнему не читается.") from error
        if parsed is None:
            raise StillInvalid("Такие сообщения здесь никто не слушает.")
        handler, event = parsed
        await handler(session, [event])
        letter.replayed_at = now
        session.add(letter)
        await session.flush()
        return letter

    return router
