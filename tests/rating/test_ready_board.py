"""The whole current rating is answered from memory: no statement reaches the database."""

from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.board.keeping import _refresh, _Told
from services.rating.board.live import Board
from services.rating.board.serving import PATH
from services.rating.domain.periods import Period
from services.rating.repository import directory, positions, standings
from services.rating.service.regions import rate_lines
from services.rating.service.standings import score
from shared.clock import Clock, Setting
from shared.db import get_session
from shared.events.directory import RegionChanged
from tests.conftest import serve, sessions_of, settings_for
from tests.rating.slices import heard_through
from tests.rating.test_domain import FOUR
from tests.rating.test_page import board as shown
from tests.rating.test_page import row
from tests.rating.world import hear


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """Every statement that any engine of the process sends, as it is sent."""
    sent: list[str] = []

    def note(*arguments: Any) -> None:
        sent.append(arguments[2])

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


@pytest.fixture
def board() -> Board:
    whole = shown(row("16", "Татарстан"), row("77", "Москва", place=2), methodology_version=1)
    items = whole.pop("items")
    found = Board()
    found.show(whole, items, 1)
    return found


@pytest.fixture
async def live(
    app: FastAPI, session: AsyncSession, databases: dict[str, str], clock: Clock, board: Board
) -> AsyncIterator[httpx.AsyncClient]:
    async def request_session() -> AsyncIterator[AsyncSession]:
        yield session

    app.dependency_overrides[get_session] = request_session
    settings = settings_for(databases["rating"])
    transport = serve(app, settings, sessions=sessions_of(session), clock=clock, board=board)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    app.dependency_overrides.clear()


async def test_the_current_rating_sends_no_statement_and_any_other_does(
    live: httpx.AsyncClient, session: AsyncSession, statements: list[str]
) -> None:
    await hear(session, FOUR)
    statements.clear()
    first = await live.get(PATH)
    assert (first.status_code, len(first.json()["items"])) == (200, 2)
    unchanged = await live.get(PATH, headers={"If-None-Match": first.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert (await live.head(PATH)).headers["content-length"] == str(len(first.content))
    assert statements == []

    # The counter counts: another month is worked out from the facts.
    other = await live.get(PATH, params={"period": "2023-10"})
    assert (other.status_code, len(other.json()["items"])) == (200, 4)
    assert len(statements) >= 3


async def test_a_changed_score_is_another_answer_and_a_newer_head_is_not(
    live: httpx.AsyncClient, board: Board
) -> None:
    tag = {"If-None-Match": (await live.get(PATH)).headers["etag"]}
    board.renew({"as_of": "2023-10-20T09:00:01Z"})
    assert (await live.get(PATH, headers=tag)).status_code == 304
    assert board.snapshot is not None
    items: list[Any] = [dict(one) for one in board.snapshot.items]
    items[0]["raw_bp"] += 1
    board.show(board.snapshot.head, items, 2)
    assert (await live.get(PATH, headers=tag)).status_code == 200


async def test_facts_alone_are_not_complete_while_their_regions_have_not_been_heard(
    session: AsyncSession, clock: Clock
) -> None:
    """A rating that is filled anew hears of facts before it hears whose they are."""
    await heard_through(session, clock.now(), positions.FACTS_TOPIC)
    await hear(session, FOUR)
    await score(session, clock.now())
    assert (await standings.freshness(session, "2023-10")).heard is None
    rating = await rate_lines(session, Period.parse("2023-10"), clock.now())
    assert rating.complete_through is None


async def test_the_board_is_complete_only_through_what_has_been_scored(
    session: AsyncSession, clock: Clock
) -> None:
    found, told = Board(), _Told()
    await heard_through(session, clock.now())
    await hear(session, FOUR)
    await standings.touch(session, ["16"])
    assert not (await standings.freshness(session, "2023-10")).is_scored
    refresh = partial(_refresh, sessions_of(session), found, clock, told)
    told.hear()
    setting = await refresh(None)
    assert found.snapshot is not None
    assert found.snapshot.head["complete_through"] is None

    await score(session, clock.now())
    # Nobody has told of a change, and it is shown all the same: what is said must be in the lines.
    await refresh(setting)
    assert found.snapshot.head["complete_through"] == "2023-10-02T09:00:00Z"
    assert found.stored == (await standings.freshness(session, "2023-10")).stored > 0


async def test_days_are_renewed_however_often_scores_come(
    session: AsyncSession, clock: Clock
) -> None:
    await hear(session, FOUR)
    await score(session, clock.now())
    found, told = Board(), _Told()
    setting, renewed = None, set()
    for _ in range(3):
        told.hear(standings.SCORED)
        setting = await _refresh(sessions_of(session), found, clock, told, setting)
        renewed.add(found.courses_as_of)
        later = clock.now() + timedelta(minutes=1)
        clock.setting = Setting(later, later, running=False)
    assert len(renewed) == 3


async def test_a_region_renamed_is_shown_at_once_and_a_score_reads_no_names(
    session: AsyncSession, clock: Clock, statements: list[str]
) -> None:
    await hear(session, FOUR)
    await score(session, clock.now())
    found, told = Board(), _Told()
    told.hear()
    setting = await _refresh(sessions_of(session), found, clock, told, None)

    told.hear(standings.SCORED)
    statements.clear()
    assert await _refresh(sessions_of(session), found, clock, told, setting) is setting
    assert not any("from regions" in statement.lower() for statement in statements)

    known = setting.regions["16"].model_dump() | {"name": "Татарстан (новое имя)"}
    renamed = RegionChanged(**known | {"version": known["version"] + 1}, occurred_at=clock.now())
    await directory.keep_regions(session, [renamed])
    # Every refresh has a session of its own; here there is one.
    session.expire_all()
    told.hear()
    await _refresh(sessions_of(session), found, clock, told, setting)
    assert found.snapshot is not None
    names = {item["region"]: item["name"] for item in found.snapshot.items}
    assert names["16"] == "Татарстан (новое имя)"
