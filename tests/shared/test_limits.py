"""What a client may ask of a service, and how often: sizes, depth, haste, patience, streams."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, Depends
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from services.directory.main import app
from services.rating.board.live import Board
from services.rating.board.serving import EventStream
from shared.app import create_app
from shared.auth import Role, Rows, public
from shared.clock import Clock
from shared.limits import RateLimiter, Seats, TooManyRequests
from shared.permissions import PUBLIC, allow, granted, of
from tests.conftest import Tokens, serve, settings_for

DSN = "postgresql://nobody@127.0.0.1:1/nothing"


@asynccontextmanager
async def asking(service: Any = app, **chosen: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A service without a database: whatever is refused here is refused before it."""
    transport = serve(service, settings_for(DSN, **chosen), sessions=None, clock=Clock())
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


class Small(BaseModel):
    name: str
    more: list[str] = []


def small_service() -> Any:
    router = APIRouter()

    @router.get("/who", dependencies=[Depends(granted)])
    async def who() -> None:
        return None

    @router.get("/wait", dependencies=[Depends(public)])
    async def wait(seconds: float) -> None:
        await asyncio.sleep(seconds)

    @router.post("/take", dependencies=[Depends(public)])
    async def take(body: Small) -> Small:
        return body

    return create_app(
        "meetings",
        router,
        title="x",
        description="x",
        permitted={
            "who": allow(of(Rows.ALL, Role.AUDITOR, Role.SERVICE)),
            "wait": PUBLIC,
            "take": PUBLIC,
        },
    )


class Ticking:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def let_through(limiter: RateLimiter, asked: int, client: str = "a") -> int:
    passed = 0
    for _ in range(asked):
        try:
            limiter.take(client)
        except TooManyRequests:
            continue
        passed += 1
    return passed


def test_a_burst_then_the_rate() -> None:
    clock = Ticking()
    limiter = RateLimiter(10, 50, clock)

    assert let_through(limiter, 80) == 50
    clock.now += 1
    assert let_through(limiter, 80) == 10
    clock.now += 1000
    assert let_through(limiter, 80) == 50


def test_clients_do_not_share_a_bucket() -> None:
    limiter = RateLimiter(1, 3, Ticking())

    assert [let_through(limiter, 5, client) for client in "ab"] == [3, 3]


def test_it_says_when_to_come_again() -> None:
    clock = Ticking()
    limiter = RateLimiter(0.25, 1, clock)
    limiter.take("a")
    with pytest.raises(TooManyRequests) as refused:
        limiter.take("a")

    clock.now += refused.value.retry_after
    assert (refused.value.retry_after, let_through(limiter, 1)) == (4, 1)


# Other processes may have the machine meanwhile: slowness says nothing here.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50)
@given(st.lists(st.floats(0, 3), max_size=60), st.integers(1, 20), st.integers(1, 10))
def test_never_more_than_burst_and_rate_allow(pauses: list[float], burst: int, rate: int) -> None:
    clock = Ticking()
    limiter = RateLimiter(rate, burst, clock)
    passed = 0
    for pause in pauses:
        clock.now += pause
        passed += let_through(limiter, 1)

    assert passed <= burst + rate * sum(pauses) + 1e-6
    assert passed >= min(len(pauses), burst)


async def test_a_hasty_actor_is_asked_to_wait_and_others_are_not(token: Tokens) -> None:
    async with asking(small_service(), rate_limit=1, rate_burst=2) as client:

        async def ask(**headers: str) -> httpx.Response:
            return await client.get("/who", headers=headers)

        hasty = token("auditor", sub="hasty")
        statuses = [(await ask(**hasty)).status_code for _ in range(4)]
        refused = await ask(**hasty)

        assert statuses == [200, 200, 429, 429]
        assert refused.json()["code"] == "too_many_requests"
        assert int(refused.headers["Retry-After"]) >= 1
        assert (await ask(**token("auditor", sub="another"))).status_code == 200
        machine = token("service")
        assert {(await ask(**machine)).status_code for _ in range(9)} == {200}


async def test_who_guesses_tokens_is_told_apart_by_address() -> None:
    async with asking(rate_limit=1, rate_burst=3) as client:
        statuses = [
            (await client.get("/v1/regions", headers={"Authorization": f"Bearer {n}"})).status_code
            for n in range(5)
        ]
    assert statuses == [401, 401, 401, 429, 429]


async def test_health_is_never_too_hasty() -> None:
    async with asking(rate_limit=1, rate_burst=1) as client:
        assert {(await client.get("/livez")).status_code for _ in range(5)} == {200}


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        ("/v1/regions?q=" + "x" * 9000, {}, 414, "address_too_long"),
        ("/v1/" + "x" * 3000, {}, 414, "address_too_long"),
        ("/v1/regions", {"X-Long": "x" * 40_000}, 431, "headers_too_large"),
    ],
)
async def test_too_much_before_the_body_is_refused(
    path: str, headers: dict[str, str], status: int, code: str
) -> None:
    async with asking() as client:
        answer = await client.get(path, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["X-Request-ID"]


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("depth", [900, *range(940, 1001, 6), 10_000, 100_000])
async def test_a_body_of_brackets_is_refused(opening: str, closing: str, depth: int) -> None:
    nested = opening * depth + "1" + closing * depth
    async with asking(small_service()) as client:
        for body in (nested, f'{{"name": "x", "more": {nested}}}'):
            answer = await client.post(
                "/take", content=body, headers={"Content-Type": "application/json"}
            )
            assert answer.status_code in ({422} if depth < 940 else {400, 422}), answer.text
            assert answer.status_code == 400 or depth < 1000


async def test_a_process_with_its_hands_full_says_so_at_once() -> None:
    router = APIRouter()
    begun, free = asyncio.Event(), asyncio.Event()

    @router.get("/hold", dependencies=[Depends(public)])
    async def hold() -> None:
        begun.set()
        await free.wait()

    service = create_app("meetings", router, title="x", description="x", permitted={"hold": PUBLIC})
    async with asking(service, requests_in_hand=1) as client:
        for _ in range(2):  # What is given back is given back once.
            begun.clear()
            free.clear()
            held = asyncio.create_task(client.get("/hold"))
            await begun.wait()
            refused = await client.get("/hold")
            assert (refused.status_code, refused.json()["code"]) == (503, "overloaded")
            assert refused.headers["Retry-After"] == "1"
            assert (await client.get("/livez")).status_code == 200
            free.set()
            assert (await held).status_code == 200


async def test_a_request_that_takes_too_long_is_answered_all_the_same() -> None:
    async with asking(small_service(), request_seconds=0.05) as client:
        answer = await client.get("/wait?seconds=30")
        assert (answer.status_code, answer.json()["code"]) == (503, "timed_out")
        assert answer.headers["Retry-After"]
        assert (await client.get("/wait?seconds=0")).status_code == 200


async def watching(board: Board, client: str) -> asyncio.Task[None]:
    begun = asyncio.Event()

    async def send(message: Any) -> None:
        begun.set()

    async def receive() -> Any:
        await asyncio.Event().wait()

    stream = EventStream(board, None, client)
    task = asyncio.create_task(stream({"type": "http"}, receive, send))
    waiting = asyncio.create_task(begun.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    return task


async def test_streams_have_an_end_in_number_and_give_their_seats_back() -> None:
    board = Board(Seats(3, 2))
    open_ = [await watching(board, client) for client in ("a", "a", "b")]

    for client in ("a", "c"):
        refused = await watching(board, client)
        with pytest.raises(TooManyRequests):
            await refused
    open_[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await open_[0]
    again = await watching(board, "c")

    assert not again.done()
    board.close()
    await asyncio.gather(*open_[1:], again)
    assert not (await watching(board, "a")).done()
    board.close()
