"""A stand-in for the rating service: its real pages over standings that the test decides."""

import asyncio
import csv
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.responses import Response

from services.rating.page import region as region_page
from services.rating.page import slices as slices_page
from services.rating.page.assets import STATIC, Assets
from services.rating.page.badge import badge
from services.rating.routers.pages import Reading, absent, answer, router
from shared.limits import RateLimiter
from tests.browser import played
from tests.conftest import settings_for

REGIONS: Final = Path(__file__).parents[2] / "services/directory/reference/regions.csv"


def regions() -> list[dict[str, str]]:
    with REGIONS.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def standings() -> list[dict[str, Any]]:
    """89 lines under their real names: 83 with a place, 3 with too little data, 3 without any."""
    rows = []
    for number, region in enumerate(regions()):
        bp = max(5000, 9990 - 60 * number)
        known = number < 86
        rows.append(
            {
                "region": region["code"],
                "name": region["name"],
                "short_name": region["short_name"],
                "federal_district": region["federal_district"],
                "raw_bp": bp if known else None,
                "stabilised_bp": bp - 10 if known else None,
                "zone": zone_of(bp) if known else None,
                "place": number + 1 if number < 83 else None,
                "change_bp": 37 * (number % 11 - 5) if number < 83 else None,
                "place_before": 83 - number if number < 83 else None,
                "executions": 41 if known else 0,
                "weight": 77 if known else 0,
                "on_time_bp": bp if known else None,
                "debts": number % 4,
                "provisional": number % 7,
                "attendance_bp": bp if known else None,
                "meetings": 4 if known else 0,
                "mean_delay_hundredths": 137 * (number % 9) if known else None,
                "returns": number % 5,
                "extensions": number % 3,
            }
        )
    return rows


def zone_of(bp: int) -> str:
    return "green" if bp >= 9000 else "yellow" if bp >= 7500 else "red"


def courses() -> dict[str, list[int | None]]:
    """Twenty days for every region that has a score."""
    return {
        row["region"]: [
            row["stabilised_bp"] + 40 * ((7 * day + number) % 13 - 6) for day in range(20)
        ]
        for number, row in enumerate(standings())
        if row["stabilised_bp"] is not None
    }


@dataclass
class Stage:
    """The service's pages, and a stream that says what the test tells it to."""

    items: list[dict[str, Any]] = field(default_factory=standings)
    head: dict[str, Any] = field(
        default_factory=lambda: {
            "period": "2023-10",
            "as_of": "2023-10-20T09:00:00Z",
            "complete_through": "2023-10-20T08:59:58Z",
            "methodology": "РЭРУ-1",
            "methodology_version": 1,
            "mu_bp": 8000,
        }
    )
    courses: dict[str, list[int | None]] = field(default_factory=courses)
    address: str = ""
    loaded: bool = True
    streams: set[asyncio.Queue[bytes | None]] = field(default_factory=set)
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def board(self, items: list[dict[str, Any]]) -> dict[str, Any]:
        return {**self.head, "items": items}

    @property
    def snapshot(self) -> Any:
        """What the service's board would show."""
        return SimpleNamespace(head=self.head, items=self.items, pages={}) if self.loaded else None

    def tell(self, items: list[dict[str, Any]]) -> None:
        """Send these lines to every page."""
        for stream in self.streams:
            stream.put_nowait(self._frame(items))

    def swap(self, upper: int, lower: int) -> list[dict[str, Any]]:
        """Two places change hands: the lower line gets the upper one's numbers, and back."""
        mine = {"region", "name", "short_name", "federal_district"}
        a, b = self.items[upper], self.items[lower]
        for key in a.keys() - mine:
            a[key], b[key] = b[key], a[key]
        return [a, b]

    def hang_up(self) -> None:
        for stream in self.streams:
            stream.put_nowait(None)

    def app(self) -> FastAPI:
        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
            yield {
                "board": self,
                "limiter": RateLimiter(0, 1),
                "settings": settings_for("postgresql://nobody@127.0.0.1/none"),
            }

        app = FastAPI(lifespan=lifespan)
        app.get("/v1/ratings/regions")(self._regions)
        app.get("/v1/ratings/stream")(self._stream)
        app.get("/v1/ratings/regions/{code}/badge.svg")(self._badge)
        # In the place of the two that read the database.
        app.get("/regions/{code}")(_region)
        app.get("/slices")(_slices)
        app.get("/slices/{period}")(_slice)
        app.include_router(router)
        app.mount("/static", Assets(directory=STATIC))
        return app

    def _frame(self, items: list[dict[str, Any]]) -> bytes:
        return f"event: standings\nid: 1\ndata: {json.dumps(self.board(items))}\n\n".encode()

    async def _regions(self) -> JSONResponse:
        return JSONResponse(self.board(self.items))

    async def _badge(self, code: str) -> Response:
        return Response(badge(self.board(self.items), code), media_type="image/svg+xml")

    async def _stream(self, _: Request) -> StreamingResponse:
        await self.open.wait()
        return StreamingResponse(self._frames(), media_type="text/event-stream")

    async def _frames(self) -> AsyncIterator[bytes]:
        stream: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.streams.add(stream)
        try:
            yield b"retry: 50\n\n" + self._frame(self.items)
            while (frame := await stream.get()) is not None:
                yield frame
        finally:
            self.streams.discard(stream)


async def _region(
    request: Request, code: str, frame: Reading, period: str | None = None
) -> HTMLResponse:
    if period == "2023-09":
        found, line = played.frozen(code)
        text = region_page.frozen_page(
            frame, found, line, played.course(found, code), played.lines(code), played.MONTHS
        )
    else:
        running, line = played.running(code)
        text = region_page.running_page(
            frame, running, line, played.course(running, code), played.lines(code), played.MONTHS
        )
    return answer(request, text, frame)


async def _slices(request: Request, frame: Reading) -> HTMLResponse:
    return answer(request, slices_page.months_page(frame, played.SLICES), frame)


async def _slice(
    request: Request, frame: Reading, period: str, revision: int | None = None
) -> HTMLResponse:
    if period != "2023-09":
        return absent(request, frame, "slice")
    one = played.SLICES[-1 if revision == 0 else -2]
    return answer(
        request,
        slices_page.slice_page(frame, one, played.slice_rows(), played.SLICES[-2:], 2),
        frame,
    )
