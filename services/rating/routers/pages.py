"""The rating as pages for people; no page asks anything but this service."""

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Request
from fastapi.responses import HTMLResponse
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.board.live import Board, render_row
from services.rating.domain.periods import Period
from services.rating.domain.slices import SliceStatus
from services.rating.models import Slice
from services.rating.page import board as board_page
from services.rating.page import conference, embed, missing, region, standings
from services.rating.page import slices as slices_page
from services.rating.page.frame import Frame
from services.rating.page.words import WORDS, negotiate
from services.rating.repository import slices as repository
from services.rating.routers.slices import row_read, rows_read
from services.rating.service import profiles
from services.rating.service.attendance import attended_by_end
from services.rating.service.regions import current_period
from shared.auth import public
from shared.clock import Now
from shared.db import Session

router = APIRouter(include_in_schema=False, dependencies=[Depends(public)])


async def frame_of(
    request: Request,
    lang: Annotated[Literal["ru", "en"] | None, Query()] = None,
    accept_language: Annotated[str | None, Header(max_length=1000)] = None,
) -> Frame:
    """The page's language: that of the address, else the browser's, else Russian."""
    query = {name: value for name, value in request.query_params.items() if name != "lang"}
    return Frame(
        words=WORDS[lang or negotiate(accept_language)],
        path=request.url.path,
        query=query,
        asked=lang is not None,
    )


# The board as the API answers it; None until it is loaded.
Rating = standings.Board | None
Reading = Annotated[Frame, Depends(frame_of)]
Name = Annotated[str | None, Query(max_length=20)]


def policy(*, framed_by: str) -> str:
    """The page runs our own scripts and styles and nothing else, and asks nobody else."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        f" connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {framed_by}"
    )


def answer(
    request: Request,
    text: str,
    frame: Frame,
    *,
    status: int = 200,
    framed_by: str = "'self'",
) -> HTMLResponse:
    """The page with its headers; nothing but them to who has this very text already."""
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    known = status == 200 and etag in request.headers.get("if-none-match", "")
    return HTMLResponse(
        "" if known else text,
        status_code=304 if known else status,
        headers={
            "ETag": etag,
            "Content-Security-Policy": policy(framed_by=framed_by),
            "Content-Language": frame.words.language,
            "Vary": "Accept-Language",
            "Cache-Control": "no-cache",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
        },
    )


def absent(request: Request, frame: Frame, what: missing.Missing) -> HTMLResponse:
    return answer(request, missing.page(frame, what), frame, status=404)


def made_once(request: Request, frame: Frame, make: Callable[[Rating], str]) -> str:
    """A page of the current board; while the board stands, the same text for all who ask."""
    board: Board = request.state.board
    snapshot = board.snapshot
    if snapshot is None:
        return make(None)
    key = (frame.path, *sorted(frame.query.items()), frame.words.language, frame.asked)
    if key not in snapshot.pages:
        snapshot.pages[key] = make({**snapshot.head, "items": snapshot.items})
    return snapshot.pages[key]


@router.get("/", response_class=HTMLResponse, summary="Табло рейтинга")
async def show_board(
    request: Request, frame: Reading, view: board_page.View = "all"
) -> HTMLResponse:
    """The rating: complete without JavaScript, live with it."""
    board: Board = request.state.board

    def make(rating: Rating) -> str:
        return board_page.page(frame, rating, view=view, courses=board.courses)

    return answer(request, made_once(request, frame, make), frame)


@router.get("/conference", response_class=HTMLResponse, summary="Табло на экран ВКС")
async def show_conference(request: Request, frame: Reading) -> HTMLResponse:
    """The rating on the big screen of a video conference."""
    text = made_once(request, frame, partial(conference.page, frame))
    return answer(request, text, frame)


@router.get("/embed", response_class=HTMLResponse, summary="Табло для чужого сайта")
async def show_embedded(
    request: Request,
    frame: Reading,
    view: embed.Embedded = "table",
    region: Annotated[str | None, Query(pattern=r"^[0-9]{2}$")] = None,
) -> HTMLResponse:
    """The rating within a frame of another site."""

    def make(rating: Rating) -> str:
        return embed.page(frame, rating, view=view, code=region)

    framed_by = " ".join(request.state.settings.embedded_by) or "'none'"
    return answer(request, made_once(request, frame, make), frame, framed_by=framed_by)


@router.get("/regions/{code}", response_class=HTMLResponse, summary="Страница региона")
async def show_region(
    request: Request, code: str, frame: Reading, session: Session, now: Now, period: Name = None
) -> HTMLResponse:
    """A region's page: in a frozen month as its slice has it, else as of now."""
    months = await _months(session, str(current_period(now)))
    wanted = period or months[0]
    if wanted not in months:
        return absent(request, frame, "month")
    month = Period.parse(wanted)
    held = await repository.lines_of(session, code, months[0])
    # The oldest come first, so of each month the newest revision stays.
    lines = list({one.period: (one, row) for one, row in held}.values())[::-1]
    frozen = await profiles.frozen_profile(session, code, month)
    if frozen is not None:
        course = await profiles.course(session, code, month, now)
        attended = await attended_by_end(session, frozen.slice)
        line = row_read(frozen.row, attended).model_dump()
        return answer(
            request, region.frozen_page(frame, frozen, line, course, lines, months), frame
        )
    board: Board = request.state.board
    # Time alone moves an open month, too, and only the current one has a revision.
    key = (wanted, board.revision, now.replace(second=0, microsecond=0))
    rated = await board.month.get(key, partial(profiles.rate_month, session, month, now))
    found = profiles.profile(rated, code)
    if found is None:
        return absent(request, frame, "region")
    course = await profiles.course(session, code, month, now)
    line = render_row(found.row)
    return answer(request, region.running_page(frame, found, line, course, lines, months), frame)


async def _months(session: AsyncSession, current: str) -> Sequence[str]:
    """The months there are pages of: the one that runs, and all that have or await a slice."""
    known = {one.period for one in await repository.list_slices(session)}
    return sorted(known | {current}, reverse=True)


@router.get("/slices", response_class=HTMLResponse, summary="Страница срезов")
async def show_slices(request: Request, frame: Reading, session: Session) -> HTMLResponse:
    """All frozen months."""
    return answer(
        request, slices_page.months_page(frame, await repository.list_slices(session)), frame
    )


@router.get("/slices/{period}", response_class=HTMLResponse, summary="Страница среза")
async def show_slice(
    request: Request,
    period: str,
    frame: Reading,
    session: Session,
    revision: Annotated[int | None, Query(ge=0, le=10_000)] = None,
) -> HTMLResponse:
    """A month as frozen: its newest revision, or the one asked for."""
    revisions = [
        one
        for one in await repository.list_slices(session, period[:20])
        if one.status is not SliceStatus.DRAFT
    ]
    one = _chosen(revisions, revision)
    if one is None:
        return absent(request, frame, "slice")
    rows = await repository.rows_of(session, one.id)
    lines = [line.model_dump() for line in rows_read(rows, await attended_by_end(session, one))]
    corrections = len(await repository.corrections_of(session, one.id))
    return answer(request, slices_page.slice_page(frame, one, lines, revisions, corrections), frame)


def _chosen(revisions: Sequence[Slice], revision: int | None) -> Slice | None:
    if revision is None:
        return revisions[0] if revisions else None
    return next((one for one in revisions if one.revision == revision), None)
