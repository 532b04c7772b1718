"""The pages as the service answers them: from its facts, naming no execution, never a 500."""

import asyncio
import html
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.board.live import Board
from services.rating.domain.slices import Correction
from services.rating.service import slices
from services.rating.service.profiles import LastMonth, Month
from shared.clock import Clock
from shared.db import get_session
from tests.browser import played
from tests.conftest import serve, sessions_of, settings_for
from tests.rating.facts import make_facts, number
from tests.rating.slices import LATER, NOW_AT, add, freeze, heard_through
from tests.rating.test_domain import FOUR
from tests.rating.test_page import board as shown
from tests.rating.test_page import row
from tests.rating.world import HEARD_AT, hear

# A day of October when all four are due, and the one of them that is a debt is one.
TWENTIETH = {"X-Simulated-Now": "2023-10-20T09:00:00Z"}


@pytest.fixture
def board() -> Board:
    whole = shown(row("16", "Татарстан"), row("77", "Москва", place=2))
    items = whole.pop("items")
    found = Board()
    found.show(whole, items, 1)
    return found


@pytest.fixture
async def pages(
    app: FastAPI, session: AsyncSession, databases: dict[str, str], clock: Clock, board: Board
) -> AsyncIterator[httpx.AsyncClient]:
    async def request_session() -> AsyncIterator[AsyncSession]:
        yield session

    app.dependency_overrides[get_session] = request_session
    settings = settings_for(databases["rating"], embedded_by=["https://platform.test"])
    transport = serve(app, settings, sessions=sessions_of(session), clock=clock, board=board)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    app.dependency_overrides.clear()


def points(text: str) -> list[str]:
    """The last column of «Куда ушли баллы», top to bottom."""
    table = text[text.index('class="plain causes"') :]
    return re.findall(r"<b>([^<]*)</b>", table[: table.index("</table>")])


async def test_a_running_month_says_where_the_points_went_and_what_would_bring_them_back(
    pages: httpx.AsyncClient, session: AsyncSession
) -> None:
    await hear(session, FOUR)

    answer = await pages.get("/regions/16", headers=TWENTIETH)

    assert answer.status_code == 200
    assert points(answer.text) == [
        "100,00",
        "−42,86",
        "0,00",
        "−12,57",
        "−1,43",
        "0,00",
        "43,14",
        "+11,06",
        "54,20",
    ]
    assert "Сдать сегодня 1 исполнение" in answer.text
    assert "Коридор к исходу 31 октября 2023" in answer.text
    for one in FOUR:
        assert str(one.execution_id) not in answer.text
        assert str(one.assignment_id) not in answer.text


async def test_a_frozen_month_is_told_as_its_slice_has_it_whatever_came_later(
    pages: httpx.AsyncClient, session: AsyncSession
) -> None:
    await hear(session, FOUR)
    await freeze(session)
    closed = make_facts(execution_id=number(4), weight=3, version=9, done=FOUR[1].done)
    await add(session, closed, LATER)

    answer = await pages.get("/regions/16", params={"period": "2023-10"}, headers=NOW_AT)

    assert "Месяц заморожен" in answer.text
    assert points(answer.text)[-3:] == ["43,14", "+11,06", "54,20"]
    assert "Что поднимет балл" not in answer.text
    assert 'href="/slices/2023-10"' in answer.text


async def test_a_revision_is_what_a_month_shows_and_the_slice_revised_stays(
    pages: httpx.AsyncClient, session: AsyncSession
) -> None:
    await hear(session, FOUR)
    first = await freeze(session)
    mended = make_facts(execution_id=number(4), weight=3, version=9)
    await add(session, mended, LATER)
    await slices.revise(
        session,
        first.id,
        "Возврат сделан <по ошибке>",
        [Correction(number(4), 9, "так было")],
        by="cur_admin",
        now=LATER,
    )

    region = await pages.get("/regions/16", params={"period": "2023-10"}, headers=NOW_AT)
    assert "ревизия 1" in region.text
    assert points(region.text)[-3] == "86,00"
    newest = await pages.get("/slices/2023-10")
    assert "Возврат сделан &lt;по ошибке&gt;" in newest.text
    assert 'href="/slices/2023-10?revision=0"' in newest.text
    assert "Исправлены факты 1 исполнения" in newest.text
    earlier = await pages.get("/slices/2023-10", params={"revision": 0})
    assert first.result_hash is not None
    assert first.result_hash in earlier.text
    assert "более новый срез" in earlier.text


async def test_slices_are_listed_with_their_downloads_and_a_draft_with_none(
    pages: httpx.AsyncClient, session: AsyncSession
) -> None:
    assert "Замороженных месяцев ещё нет" in (await pages.get("/slices")).text
    await hear(session, FOUR)
    await heard_through(session, HEARD_AT)
    assert await slices.advance(session, LATER) is None

    draft = (await pages.get("/slices")).text
    assert "ждёт фактов" in draft
    assert "table.xlsx" not in draft
    assert (await pages.get("/slices/2023-10")).status_code == 404

    one = await freeze(session)
    frozen = (await pages.get("/slices")).text
    assert f"/v1/slices/{one.id}/table.xlsx" in frozen
    assert f"/v1/slices/{one.id}/table.csv" in frozen


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/regions/99", "Такого региона нет"),
        ("/regions/%3Cb%3E", "Такого региона нет"),
        ("/regions/16?period=2023-13", "Такого месяца в рейтинге нет"),
        ("/regions/16?period=1999-01", "Такого месяца в рейтинге нет"),
        ("/regions/16?period=2023", "Такого месяца в рейтинге нет"),
        ("/slices/2023-10", "Такого среза нет"),
        ("/slices/%27--", "Такого среза нет"),
        ("/slices/2023-10?revision=7", "Такого среза нет"),
    ],
)
async def test_what_is_not_there_is_said_on_a_page(
    pages: httpx.AsyncClient, session: AsyncSession, path: str, said: str
) -> None:
    await hear(session, FOUR)
    answer = await pages.get(path, headers=TWENTIETH)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert f"<h1>{said}</h1>" in answer.text


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/?lang=de", "query.lang"),
        ("/?view=globe", "query.view"),
        ("/embed?view=all", "query.view"),
        ("/embed?region=1", "query.region"),
        ("/regions/16?tab=1", "query.tab"),
        (f"/regions/16?period={'9' * 21}", "query.period"),
        ("/slices/2023-10?revision=-1", "query.revision"),
    ],
)
async def test_a_parameter_nobody_knows_is_refused(
    pages: httpx.AsyncClient, path: str, field: str
) -> None:
    answer = await pages.get(path)
    assert answer.status_code == 422
    assert [one["field"] for one in answer.json()["errors"]] == [field]


async def test_a_page_not_changed_is_not_sent_again(
    pages: httpx.AsyncClient, session: AsyncSession, board: Board
) -> None:
    await hear(session, FOUR)
    first = await pages.get("/regions/16", headers=TWENTIETH)
    known = {**TWENTIETH, "If-None-Match": first.headers["etag"]}
    again = await pages.get("/regions/16", headers=known)
    assert (again.status_code, again.content) == (304, b"")
    in_english = await pages.get("/regions/16", headers={**known, "Accept-Language": "en"})
    assert in_english.status_code == 200


async def test_a_running_month_is_rated_anew_when_the_standings_change(
    pages: httpx.AsyncClient, session: AsyncSession, board: Board
) -> None:
    await hear(session, FOUR)
    before = points((await pages.get("/regions/16", headers=TWENTIETH)).text)
    await add(session, make_facts(execution_id=number(5), weight=3), HEARD_AT)
    assert points((await pages.get("/regions/16", headers=TWENTIETH)).text) == before
    assert board.snapshot is not None
    items = [{**one, "raw_bp": 1} for one in board.snapshot.items]
    board.show(board.snapshot.head, items, 2)
    assert points((await pages.get("/regions/16", headers=TWENTIETH)).text)[-3] == "60,20"


async def test_a_month_is_rated_once_for_all_who_ask_at_once() -> None:
    rated: list[Month] = []
    last = LastMonth()

    async def rate() -> Month:
        await asyncio.sleep(0)
        rated.append(played.month())
        return rated[-1]

    found = await asyncio.gather(*(last.get("now", rate) for _ in range(5)))
    assert rated == [found[0]]
    assert all(one is found[0] for one in found)
    await last.get("a minute later", rate)
    assert len(rated) == 2


async def test_a_page_is_made_once_while_the_board_stands_and_for_each_language(
    pages: httpx.AsyncClient, board: Board
) -> None:
    assert board.snapshot is not None
    first = await pages.get("/")
    assert (await pages.get("/")).headers["etag"] == first.headers["etag"]
    assert len(board.snapshot.pages) == 1
    texts = {first.text}
    for address in ("/?lang=ru", "/?lang=en", "/?view=map", "/conference", "/embed"):
        texts.add((await pages.get(address)).text)
    assert len(texts) == len(board.snapshot.pages) == 6
    board.renew({"as_of": "2023-10-20T09:00:01Z"})
    assert "2023-10-20T09:00:01Z" in (await pages.get("/")).text


@pytest.mark.parametrize(
    ("path", "framed_by"),
    [
        ("/", "'self'"),
        ("/conference", "'self'"),
        ("/slices", "'self'"),
        ("/embed", "https://platform.test"),
    ],
)
async def test_the_policy_lets_in_our_own_files_alone(
    pages: httpx.AsyncClient, path: str, framed_by: str
) -> None:
    answer = await pages.get(path)
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert policy.endswith(f"frame-ancestors {framed_by}")
    assert "unsafe" not in policy
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|https?://", answer.text)
    assert not re.search(r"<script(?![^>]*src=)", answer.text)


async def test_links_keep_the_language_the_address_names_and_only_that(
    pages: httpx.AsyncClient,
) -> None:
    asked = (await pages.get("/?lang=en&view=map")).text
    assert '<html lang="en">' in asked
    assert 'href="/regions/16?lang=en"' in asked
    assert 'href="/?view=map&amp;lang=ru"' in asked
    accepted = await pages.get("/", headers={"Accept-Language": "en"})
    assert '<html lang="en">' in accepted.text
    assert 'href="/regions/16"' in accepted.text
    assert accepted.headers["vary"].startswith("Accept-Language")
    assert accepted.headers["content-language"] == "en"


async def test_an_embedded_region_is_alone_and_an_unknown_one_leaves_the_table(
    pages: httpx.AsyncClient,
) -> None:
    alone = (await pages.get("/embed", params={"region": "16"})).text
    assert "Татарстан" in alone
    assert "Москва" not in alone
    assert "Москва" in (await pages.get("/embed", params={"region": "98"})).text


@pytest.mark.parametrize("path", ["/", "/conference", "/embed", "/embed?view=map"])
async def test_a_board_not_loaded_yet_says_so(
    pages: httpx.AsyncClient, board: Board, path: str
) -> None:
    board._snapshot = None
    answer = await pages.get(path)
    assert answer.status_code == 200
    assert "период не открыт" in answer.text


async def test_every_link_leads_somewhere(
    pages: httpx.AsyncClient, session: AsyncSession, board: Board
) -> None:
    """Over all pages: no page, file or address of the API is named that is not there."""
    await hear(session, FOUR)
    await freeze(session)
    assert board.snapshot is not None
    others = [row("41", "Камчатский край", place=3), row("54", "Новосибирская обл.", place=4)]
    board.show(board.snapshot.head, [*map(dict, board.snapshot.items), *others], 2)
    waiting, known = ["/", "/conference", "/embed", "/regions/16", "/?lang=en"], set[str]()
    while waiting:
        address = waiting.pop()
        if address in known:
            continue
        known.add(address)
        answer = await pages.get(address, headers=NOW_AT)
        # Whoever wants to check a slice's replay has to say who they are.
        assert answer.status_code == (401 if "verification" in address else 200), address
        if answer.headers["content-type"].startswith("text/html") and address != "/docs":
            found = re.findall(r'(?:href|src)="(/[^"#]*)', answer.text)
            waiting += [html.unescape(link) for link in found]
    assert any(link.endswith("table.xlsx") and "/slices/" in link for link in known)
    assert {"/v1/ratings/regions/table.csv", "/slices/2023-10", "/static/map.css"} <= known
