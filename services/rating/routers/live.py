"""The live board over HTTP: the stream of its changes, and badges."""

import hashlib
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from starlette.responses import Response

from services.rating.board.live import Board
from services.rating.board.serving import EventStream
from services.rating.page.badge import badge
from services.rating.repository.directory import RegionNotFound
from shared.auth import address_of, public
from shared.errors import Unavailable
from shared.problems import problems
from shared.text import RegionCode


class BoardEmpty(Unavailable):
    """The process has just started and has not read the standings yet."""

    code = "rating_not_loaded"
    title = "Рейтинг ещё не загружен"


router = APIRouter(prefix="/v1/ratings", tags=["ratings"])


@router.get(
    "/stream",
    dependencies=[Depends(public)],
    response_class=Response,
    responses={
        200: {
            "description": "Поток событий `standings`: изменившиеся строки рейтинга",
            # An event is no string, and a stream of them no document: OpenAPI 3.1 cannot say more.
            "content": {"text/event-stream": {}},
        },
        **problems(422, 429),
    },
    summary="Поток изменений",
)
async def stream_ratings(
    request: Request,
    last_event_id: Annotated[
        str | None,
        # Ids of before they named their process are still held by pages left open.
        Header(max_length=27, pattern=r"^([0-9a-f]{8}-)?[0-9]{1,18}$", examples=["9f1c02ab-41"]),
    ] = None,
) -> Response:
    """SSE: сначала всё, что изменилось после `Last-Event-ID`; без него — весь рейтинг.

    `id` события — `<процесс>-<номер>`: с чужим (сервис перезапущен, ответила другая копия) тоже
    приходит весь рейтинг.
    """
    board: Board = request.state.board
    return EventStream(board, last_event_id, address_of(request))


@router.get(
    "/regions/{code}/badge.svg",
    dependencies=[Depends(public)],
    response_class=Response,
    responses={
        200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}},
        304: {"description": "Не изменилось"},
        **problems(404, 422, 503),
    },
    summary="Значок региона",
)
async def show_badge(
    request: Request,
    code: RegionCode,
    if_none_match: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    """Балл, место и зона региона картинкой SVG для сайта; из памяти, с ETag."""
    board: Board = request.state.board
    snapshot = board.snapshot
    if snapshot is None:
        raise BoardEmpty("Рейтинг ещё не загружен. Повторите через несколько секунд.")
    picture = badge({**snapshot.head, "items": snapshot.items}, code)
    if picture is None:
        raise RegionNotFound("Такого региона нет.", field="path.code")
    etag = f'"{hashlib.sha256(picture.encode()).hexdigest()[:32]}"'
    headers = {
        "ETag": etag,
        "Cache-Control": "no-cache",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'",
    }
    if if_none_match is not None and etag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(picture, media_type="image/svg+xml", headers=headers)
