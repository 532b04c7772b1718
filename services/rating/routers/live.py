"""The live board over HTTP: the stream of its changes, and its page."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from services.rating import page
from services.rating.board import Board, EventStream
from shared.auth import public
from shared.problems import problems

router = APIRouter(prefix="/v1/ratings", tags=["ratings"])
pages = APIRouter(include_in_schema=False, dependencies=[Depends(public)])


# The page runs our own script and style and nothing else.
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors *"
)


@router.get(
    "/stream",
    dependencies=[Depends(public)],
    response_class=Response,
    responses={
        200: {
            "description": "Поток событий `standings`: изменившиеся строки рейтинга",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **problems(422),
    },
    summary="Поток изменений",
)
async def stream_ratings(
    request: Request,
    last_event_id: Annotated[str | None, Header(max_length=20, pattern=r"^\d{1,18}$")] = None,
) -> Response:
    """SSE: сначала всё, что изменилось после `Last-Event-ID` (без него весь рейтинг)."""
    board: Board = request.state.board
    return EventStream(board, int(last_event_id) if last_event_id else None)


@pages.get("/", response_class=HTMLResponse)
async def show_board(request: Request) -> HTMLResponse:
    """The page: complete without JavaScript, live with it."""
    board: Board = request.state.board
    snapshot = board.snapshot
    shown = {**snapshot.head, "items": snapshot.items} if snapshot else None
    headers = {"Content-Security-Policy": _CSP, "X-Content-Type-Options": "nosniff"}
    return HTMLResponse(page.render(shown), headers=headers)
