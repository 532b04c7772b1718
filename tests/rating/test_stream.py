"""The stream of the board: whoever comes back with its last id has missed nothing."""

from collections.abc import AsyncIterator
from typing import Any

from pydantic_core import from_json

from services.rating.board.live import Board
from tests.rating.test_page import board as shown
from tests.rating.test_page import row

CODES = ("16", "41", "54", "77")


class Client:
    """What a client knows: the newest line of each region, and the last id."""

    def __init__(self) -> None:
        self.lines: dict[str, Any] = {}
        self.last_id: str | None = None

    def take(self, frame: bytes) -> list[str]:
        """The regions whose lines came with the frame."""
        told = dict(line.split(": ", 1) for line in frame.decode().splitlines() if line)
        if "data" not in told:
            return []
        self.last_id = told["id"]
        items = from_json(told["data"])["items"]
        self.lines |= {item["region"]: item for item in items}
        return [item["region"] for item in items]


def begun(debts: int = 1, *, stored: int = 1) -> Board:
    board = Board()
    change(board, debts, CODES, stored=stored)
    return board


def change(board: Board, debts: int, codes: tuple[str, ...], *, stored: int = 1) -> None:
    """These regions now have so many debts; the others stay as they are, or have one."""
    lines: dict[str, Any] = {code: row(code, code) for code in CODES}
    if board.snapshot is not None:
        lines |= {item["region"]: item for item in board.snapshot.items}
    lines |= {code: row(code, code, debts=debts) for code in codes}
    head = shown()
    head.pop("items")
    board.show(head, list(lines.values()), stored)


async def resumed(board: Board, client: Client) -> list[str]:
    """The regions whose lines a client gets when it comes back."""
    stream = board.watch(client.last_id)
    assert await anext(stream) == b"retry: 2000\n\n"
    board.close()
    return [code async for frame in stream for code in client.take(frame)]


async def test_a_watcher_too_slow_is_dropped_and_misses_nothing_when_it_comes_back() -> None:
    board, client = begun(), Client()
    stream: AsyncIterator[bytes] = board.watch(None)
    for _ in range(2):
        client.take(await anext(stream))
    # The first line that changes never changes again: only its own frame tells of it.
    change(board, 2, ("16",))
    for debts in range(100):
        change(board, debts, ("41",))
    async for frame in stream:
        client.take(frame)
    assert "16" in await resumed(board, client)
    assert board.snapshot is not None
    assert client.lines == {item["region"]: item for item in board.snapshot.items}


async def test_who_comes_back_to_the_same_process_gets_what_changed_since() -> None:
    board, client = begun(), Client()
    assert await resumed(board, client) == list(CODES)
    assert await resumed(board, client) == []
    change(board, 2, ("54",))
    assert await resumed(board, client) == ["54"]


async def test_an_id_of_another_process_is_answered_with_everything() -> None:
    """Each process counts its own changes, so the same number means another state elsewhere."""
    board, client = begun(stored=7), Client()
    await resumed(board, client)
    other = begun(stored=7)
    change(other, 5, ("77",), stored=8)
    change(board, 3, ("16",), stored=8)
    assert await resumed(board, client) == ["16"]
    assert await resumed(other, client) == list(CODES)
    assert client.lines["77"]["debts"] == 5


async def test_an_id_from_before_ids_named_their_process_is_answered_with_everything() -> None:
    board, client = begun(), Client()
    client.last_id = "1"
    assert await resumed(board, client) == list(CODES)
