"""A slice's letters on their way: each sent once, refused, sent to another head, accounted for."""

import io
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import httpx
import openpyxl
import pytest
from pydantic import SecretStr
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.letters import PAUSES, LetterState
from services.rating.domain.slices import SliceStatus
from services.rating.models import LetterFile, Slice, SliceLetter
from services.rating.service import letters
from shared.clients.base import CalleeAway
from shared.spreadsheets import XLSX
from tests.conftest import Headers, Tokens
from tests.mailbox import mailbox
from tests.rating.letters import HEADS, directory, prepared, read, send
from tests.rating.slices import LATER, NOW_AT


def pdf_of(letter: EmailMessage) -> bytes:
    content: bytes = next(letter.iter_attachments()).get_content()
    return content


async def kept_of(session: AsyncSession, letter: SliceLetter) -> list[bytes]:
    statement = select(LetterFile.pdf).where(col(LetterFile.letter_id) == letter.id)
    return sorted((await session.exec(statement)).all())


async def test_a_letter_is_sent_once_with_its_pdf_and_the_slice_is_published_after_the_last(
    session: AsyncSession, databases: dict[str, str], october: Slice
) -> None:
    found = await prepared(session, databases)
    async with mailbox() as (url, box):
        for _ in range(2):
            for region in ("16", "41"):
                assert await send(session, databases, found[region], url) is None
        assert await letters.settle(session, now=LATER) == []
        assert await send(session, databases, found["54"], url) is None
    assert len(box.kept) == 3
    [(recipients, letter), *_] = box.kept
    assert recipients == ["head@example.org"]
    attached, table = letter.iter_attachments()
    assert (attached.get_content_type(), attached.get_filename()) == (
        "application/pdf",
        "rating-2023-10-16.pdf",
    )
    assert (table.get_content_type(), table.get_filename()) == (
        XLSX.media_type,
        "rating-2023-10-16.xlsx",
    )
    executions, notes = openpyxl.load_workbook(io.BytesIO(table.get_content())).worksheets
    assert (executions.title, executions.max_row) == ("Исполнения", 5)
    heading, *rows = executions.iter_rows(values_only=True)
    contribution = heading.index("Вклад (вес · зачёт)")
    assert sorted(str(row[contribution]) for row in rows) == ["0", "100", "112", "90"]
    assert ("Балл региона", "54,20") in list(notes.iter_rows(max_col=2, values_only=True))
    said = read(attached.get_content())
    assert "54,20" in said
    assert "Иванова М. С." in said
    link = f"https://rating.example.ru/letters/{found['16'].token}"
    assert link in letter.get_body().get_content()

    assert await letters.settle(session, now=LATER) == [october.id]
    assert await letters.settle(session, now=LATER) == []
    one = await session.get(Slice, october.id)
    assert one is not None
    assert (one.status, one.sent_at) == (SliceStatus.PUBLISHED, LATER)


async def test_a_refusal_for_now_waits_and_one_for_good_fails(
    session: AsyncSession, databases: dict[str, str], october: Slice
) -> None:
    found = await prepared(session, databases)
    async with mailbox("451 later", "554 never") as (url, box):
        pause = await send(session, databases, found["16"], url)
        assert (pause, found["16"].state) == (timedelta(seconds=5), LetterState.PREPARED)
        assert await send(session, databases, found["16"], url) is None
        assert (found["16"].state, found["16"].attempts) == (LetterState.FAILED, 2)
    assert "554" in (found["16"].last_error or "")
    assert box.kept == []


async def test_a_server_that_never_comes_back_fails_the_letter_after_the_last_pause(
    session: AsyncSession, databases: dict[str, str], october: Slice
) -> None:
    found = await prepared(session, databases)
    nobody = SecretStr("smtp://127.0.0.1:1")
    pauses = [await send(session, databases, found["16"], nobody) for _ in range(len(PAUSES) + 1)]
    assert pauses == [*(timedelta(seconds=one) for one in PAUSES), None]
    assert found["16"].state is LetterState.FAILED


@pytest.mark.parametrize(
    ("known", "said"),
    [({"email": None}, "нет адреса"), ({"email": "не адрес"}, "не разобран")],
)
async def test_a_head_without_an_address_is_told_of(
    session: AsyncSession,
    databases: dict[str, str],
    october: Slice,
    known: dict[str, Any],
    said: str,
) -> None:
    found = await prepared(session, databases)
    async with mailbox() as (url, box):
        assert await send(session, databases, found["16"], url, **known) is None
    assert (found["16"].state, box.kept) == (LetterState.FAILED, [])
    assert said in (found["16"].last_error or "")


@pytest.mark.parametrize("status", [401, 403, 503])
async def test_a_directory_that_is_away_ends_nothing(
    session: AsyncSession, databases: dict[str, str], october: Slice, status: int
) -> None:
    found = await prepared(session, databases)
    async with mailbox() as (url, box):
        with pytest.raises(CalleeAway):
            await send(session, databases, found["16"], url, status=status)
    assert (found["16"].state, box.kept) == (LetterState.PREPARED, [])


async def test_a_letter_is_resent_to_todays_head_under_a_name_of_its_own(
    session: AsyncSession, databases: dict[str, str], october: Slice
) -> None:
    found = await prepared(session, databases)
    async with mailbox() as (url, box):
        await send(session, databases, found["16"], url)
        newcomer = {**HEADS, "16": uuid4(), "77": uuid4()}
        for region in ("16", "77"):
            async with directory(databases, newcomer) as client:
                letter = await letters.resend(session, client, october.id, region, now=LATER)
            assert (letter.state, letter.person_id) == (LetterState.PREPARED, newcomer[region])
            assert await send(session, databases, letter, url) is None
    names = [letter["Message-ID"] for _, letter in box.kept]
    assert len(set(names)) == 3
    async with directory(databases, {}) as client:
        with pytest.raises(letters.StillNobody):
            await letters.resend(session, client, october.id, "54", now=LATER)


async def test_another_head_gets_a_letter_of_their_own_and_has_not_acknowledged_it(
    session: AsyncSession, databases: dict[str, str], october: Slice, client: httpx.AsyncClient
) -> None:
    one, newcomer = (await prepared(session, databases))["16"], uuid4()
    link = f"/letters/{one.token}"
    async with mailbox() as (url, box):
        await send(session, databases, one, url)
        assert (await client.post(link, headers=NOW_AT)).status_code == 200
        async with directory(databases) as known:
            same = await letters.resend(session, known, october.id, "16", now=LATER)
        assert same.acknowledged_at is not None
        await send(session, databases, same, url)
        later = LATER + timedelta(days=9)
        async with directory(databases, {**HEADS, "16": newcomer}, name="Петров П. П.") as known:
            other = await letters.resend(session, known, october.id, "16", now=later)
        assert (other.person_id, other.acknowledged_at, other.sent_at) == (newcomer, None, None)
        await send(session, databases, other, url)

    first, again, newest = (pdf_of(letter) for _, letter in box.kept)
    assert first == again, "the same letter to the same person"
    assert "Иванова М. С." in read(first)
    said = read(newest)
    assert ("Петров П. П." in said, "Иванова" in said, "от 10.11.2023" in said) == (
        True,
        False,
        True,
    )
    # Whoever has the former head's letter acknowledges nothing for the new one.
    assert (await client.post(link, headers=NOW_AT)).status_code == 404
    assert await kept_of(session, other) == sorted([first, newest])


async def test_a_letter_that_was_never_sent_is_not_kept_for_the_head_before(
    session: AsyncSession, databases: dict[str, str], october: Slice
) -> None:
    one = (await prepared(session, databases))["16"]
    async with mailbox("554 never") as (url, box):
        await send(session, databases, one, url)
        assert one.state is LetterState.FAILED
        async with directory(databases, {**HEADS, "16": uuid4()}, name="Петров П. П.") as known:
            await letters.resend(session, known, october.id, "16", now=LATER)
        await send(session, databases, one, url)
    [(_, letter)] = box.kept
    assert "Петров П. П." in read(pdf_of(letter))
    assert await kept_of(session, one) == [pdf_of(letter)]


async def test_what_became_of_a_sent_letter_is_recorded_from_a_notification_and_not_guessed(
    session: AsyncSession,
    databases: dict[str, str],
    october: Slice,
    client: httpx.AsyncClient,
    token: Tokens,
) -> None:
    found = await prepared(session, databases)
    path = f"/v1/slices/{october.id}/letters"
    admin = token("cur_admin") | NOW_AT
    told = {"outcome": "delivered", "at": LATER.isoformat(), "note": "Вх. № 01-15/1203"}

    async def tell(region: str, who: Headers = admin, **known: Any) -> httpx.Response:
        return await client.post(f"{path}/{region}/delivery", json=told | known, headers=who)

    for region in ("16", "77"):
        early = await tell(region)
        assert (early.status_code, early.json()["code"]) == (409, "letter_not_sent"), region
    async with mailbox() as (url, _):
        for region in ("16", "41"):
            await send(session, databases, found[region], url)
    for at in (LATER - timedelta(seconds=1), LATER + timedelta(seconds=1)):
        refused = await tell("16", at=at.isoformat())
        assert refused.json()["errors"][0]["field"] == "body.at", at
    unfit: list[dict[str, Any]] = [{"outcome": "sent"}, {"note": " "}, {"at": "вчера"}]
    for wrong in unfit:
        assert (await tell("16", **wrong)).status_code == 422, wrong
    for role in ("cur_controller", "auditor", "authority_head"):
        assert (await tell("16", token(role, regions=["16"]) | NOW_AT)).status_code == 403
    assert (await tell("16", admin | {"If-Match": '"v9"'})).status_code == 412

    done = await tell("16")
    assert (done.status_code, done.headers["ETag"]) == (200, f'"v{done.json()["version"]}"')
    assert {name: done.json()[name] for name in ("state", "delivery_note", "acknowledged_at")} == {
        "state": "delivered",
        "delivery_note": "Вх. № 01-15/1203",
        "acknowledged_at": None,
    }
    assert done.json()["delivered_at"] == "2023-11-01T06:00:00Z"
    assert (await tell("16", outcome="failed")).status_code == 409
    bounced = (await tell("41", outcome="failed", note="DSN 5.1.1: ящика нет")).json()
    assert (bounced["state"], bounced["last_error"], bounced["delivered_at"]) == (
        "failed",
        "DSN 5.1.1: ящика нет",
        None,
    )
    counts = (await client.get(path, headers=admin)).json()["counts"]
    assert (counts["delivered"], counts["failed"], counts["sent"]) == (1, 1, 0)

    async with directory(databases) as known:
        again = await letters.resend(session, known, october.id, "16", now=LATER)
    assert (again.state, again.delivered_at, again.delivery_note) == (
        LetterState.PREPARED,
        None,
        None,
    )
