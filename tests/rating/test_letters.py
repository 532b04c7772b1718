"""Letters of a slice: one per region, sent once, acknowledged by a person and not by a program."""

import io
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from email.message import EmailMessage
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import openpyxl
import pytest
from pydantic import HttpUrl, SecretStr
from pypdf import PdfReader
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.letters import PAUSES, LetterState
from services.rating.domain.slices import Correction, SliceStatus
from services.rating.letters import Finding, Letter, Month, render
from services.rating.models import LetterFile, Slice, SliceLetter
from services.rating.service import letters, slices
from shared.clients.base import CalleeAway, ServiceClient
from shared.spreadsheets import XLSX
from tests.conftest import Headers, Tokens, settings_for
from tests.mailbox import mailbox
from tests.rating.slices import LATER, NOW_AT, add, freeze
from tests.rating.test_domain import FOUR
from tests.rating.world import hear

HEADS: Final[Mapping[str, UUID]] = {code: uuid4() for code in ("16", "41", "54")}
SAMPLE: Final = Letter(
    number="2023-10/16",
    dated=date(2023, 11, 1),
    addressee="Иванова Мария Сергеевна",
    authority="органа исполнительной власти в сфере образования",
    region="Республика Татарстан (Татарстан)",
    period="2023-10",
    revision=0,
    reason=None,
    raw_bp=4314,
    stabilised_bp=5420,
    zone="red",
    place=71,
    placed=88,
    change_bp=-312,
    place_before=66,
    executions=24,
    on_time_bp=7083,
    debts=3,
    delay=19,
    returns=4,
    extensions=2,
    country_bp=8431,
    district="ПФО",
    district_bp=8570,
    findings=(Finding(date(2023, 10, 13), 3, 0, "не исполнено, срок истёк 13.10.2023"),),
    more=4,
    months=(Month("2023-09", 5732, 66), Month("2023-10", 5420, 71)),
    methodology="РЭРУ-1, версия 1",
    mu_bp=8000,
    result_hash="b" * 64,
    inputs_hash="a" * 64,
    acknowledge_url="https://rating.example.ru/letters/abc",
)


def read(pdf: bytes) -> str:
    return " ".join(
        " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split()
    )


def targets(url: SecretStr | None) -> Any:
    return SimpleNamespace(
        smtp_url=url, mail_from="cur@example.org", public_url=HttpUrl("https://rating.example.ru")
    )


@asynccontextmanager
async def directory(
    databases: dict[str, str],
    heads: Mapping[str, UUID] = HEADS,
    *,
    email: str | None = "head@example.org",
    name: str = "Иванова М. С.",
    status: int = 200,
) -> AsyncIterator[ServiceClient]:
    """A directory that knows these heads, two on a page."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "x", "expires_in": 300})
        if request.url.path.startswith("/v1/people/"):
            return httpx.Response(status, json={"email": email, "full_name": name})
        start = int(request.url.params.get("cursor", 0))
        found = list(heads.items())
        page = [{"region": code, "person_id": str(id_)} for code, id_ in found[start : start + 2]]
        following = str(start + 2) if start + 2 < len(found) else None
        return httpx.Response(status, json={"items": page, "next_cursor": following})

    settings = settings_for(databases["rating"])
    settings.oidc_token_url = HttpUrl("http://issuer/token")
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        yield ServiceClient(http, settings)


@pytest.fixture
async def october(session: AsyncSession) -> Slice:
    await hear(session, FOUR)
    return await freeze(session)


async def prepared(session: AsyncSession, databases: dict[str, str]) -> dict[str, SliceLetter]:
    async with directory(databases) as client:
        assert await letters.prepare(session, client, now=LATER) is not None
    ordered = select(SliceLetter).order_by(col(SliceLetter.region))
    return {one.region: one for one in await session.exec(ordered)}


async def send(
    session: AsyncSession,
    databases: dict[str, str],
    letter: SliceLetter,
    url: SecretStr | None,
    **known: Any,
) -> timedelta | None:
    async with directory(databases, **known) as client:
        return await letters.send(session, client, targets(url), letter.id, now=LATER)


def test_the_letter_says_the_score_and_why() -> None:
    said = read(render(SAMPLE))
    for part in (
        "Иванова Мария Сергеевна",
        "Республика Татарстан (Татарстан)",
        "71 из 88",
        "54,20",
        "красная",
        "43,14",
        "−3,12 балла, место было 66",
        "не исполнено, срок истёк 13.10.2023",
        "и ещё 4",
        "РЭРУ-1, версия 1",
    ):
        assert part in said


def test_a_region_without_a_score_is_told_so_and_text_is_never_markup() -> None:
    said = read(
        render(
            replace(
                SAMPLE,
                addressee=None,
                raw_bp=None,
                stabilised_bp=None,
                zone=None,
                place=None,
                change_bp=None,
                executions=0,
                on_time_bp=None,
                findings=(),
                more=0,
                months=(),
                revision=1,
                reason='Апелляция #strong[x] $y$ "z" \\',
                acknowledge_url=None,
            )
        )
    )
    assert "нет исполнений, по которым считается балл" in said
    assert 'Апелляция #strong[x] $y$ "z" \\' in said


_ELSEWHERE: Final = """
import hashlib
from services.rating.letters import render
from tests.rating.test_letters import SAMPLE
print(hashlib.sha256(render(SAMPLE)).hexdigest())
"""


def test_the_same_letter_has_the_same_bytes_in_any_process() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", _ELSEWHERE],
            env={"PYTHONHASHSEED": seed, "TZ": zone},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, zone in (("1", "Asia/Kamchatka"), ("2", "UTC"))
    }
    assert len(found) == 1


async def test_every_region_has_a_letter_once_and_one_without_a_head_is_listed(
    session: AsyncSession, databases: dict[str, str], october: Slice
) -> None:
    found = await prepared(session, databases)
    assert sorted(found) == ["16", "41", "54", "77"]
    assert (found["16"].state, found["16"].person_id) == (LetterState.PREPARED, HEADS["16"])
    assert (found["77"].state, found["77"].person_id) == (LetterState.NO_ADDRESSEE, None)
    assert len({one.token for one in found.values()}) == 4
    async with directory(databases) as client:
        assert await letters.prepare(session, client, now=LATER) is None
    connection = await session.connection()
    queued = await connection.exec_driver_sql("select count(*) from pgqueuer")
    assert queued.scalar_one() == 3
    await letters.requeue(session)
    queued = await connection.exec_driver_sql("select count(*) from pgqueuer")
    assert queued.scalar_one() == 3


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


async def test_a_revision_writes_to_the_regions_it_changed(
    session: AsyncSession, databases: dict[str, str], october: Slice
) -> None:
    await prepared(session, databases)
    await add(session, replace(FOUR[3], version=9, status="annulled"), LATER)
    correction = Correction(FOUR[3].execution_id, 9, "Снято")
    revision = await slices.revise(
        session, october.id, "Снято", [correction], by="admin", now=LATER
    )
    async with directory(databases) as client:
        assert await letters.prepare(session, client, now=LATER) is not None
    chosen = select(SliceLetter.region).where(col(SliceLetter.slice_id) == revision.id)
    assert (await session.exec(chosen)).all() == ["16"]


async def test_a_revision_that_changes_no_line_is_published_without_letters(
    session: AsyncSession, databases: dict[str, str], october: Slice
) -> None:
    await prepared(session, databases)
    await add(session, replace(FOUR[0], version=9), LATER)
    correction = Correction(FOUR[0].execution_id, 9, "Уточнено")
    revision = await slices.revise(
        session, october.id, "Уточнено", [correction], by="admin", now=LATER
    )
    assert revision.result_hash == october.result_hash
    async with directory(databases) as client:
        assert await letters.prepare(session, client, now=LATER) is not None
        assert (revision.status, revision.sent_at) == (SliceStatus.PUBLISHED, LATER)
        assert await letters.prepare(session, client, now=LATER) is None
    written = select(SliceLetter.region).where(col(SliceLetter.slice_id) == revision.id)
    assert (await session.exec(written)).all() == []


async def test_the_link_shows_a_button_and_only_the_button_acknowledges(
    session: AsyncSession, databases: dict[str, str], october: Slice, client: httpx.AsyncClient
) -> None:
    found = await prepared(session, databases)
    path = f"/letters/{found['16'].token}"
    for _ in range(2):
        shown = await client.get(path)
        assert (shown.status_code, "Подтвердить ознакомление" in shown.text) == (200, True)
    assert "script" not in shown.text
    assert "form-action 'self'" in shown.headers["Content-Security-Policy"]

    first = await client.post(path, headers=NOW_AT)
    again = await client.post(path, headers={"X-Simulated-Now": "2023-11-09T00:00:00Z"})

    assert first.status_code == 200
    assert "01.11.2023 06:00" in first.text
    assert again.text == first.text
    for wrong in ("x" * 43, "короткий", "../../v1"):
        assert (await client.post(f"/letters/{wrong}")).status_code in {404, 422}
    listed = await session.get(SliceLetter, found["41"].id)
    assert listed is not None
    assert listed.acknowledged_at is None


async def test_who_sees_letters_and_who_acknowledges(
    session: AsyncSession,
    databases: dict[str, str],
    october: Slice,
    client: httpx.AsyncClient,
    token: Tokens,
) -> None:
    await prepared(session, databases)
    path = f"/v1/slices/{october.id}/letters"
    head = token("authority_head", regions=["16"]) | NOW_AT

    def as_(role: str, *regions: str) -> Headers:
        return token(role, regions=list(regions)) | NOW_AT

    whole = (await client.get(path, headers=as_("auditor"))).json()
    assert (whole["counts"]["prepared"], whole["counts"]["no_addressee"]) == (3, 1)
    assert [one["region"] for one in (await client.get(path, headers=head)).json()["items"]] == [
        "16"
    ]
    assert (await client.get(f"{path}/41", headers=head)).status_code == 404
    assert (await client.get(f"{path}/41/letter.pdf", headers=head)).status_code == 404
    assert (await client.post(f"{path}/41/acknowledge", headers=head)).status_code == 404
    pdf = await client.get(f"{path}/16/letter.pdf", headers=head)
    assert (pdf.status_code, pdf.headers["content-type"]) == (200, "application/pdf")
    again = await client.get(f"{path}/16/letter.pdf", headers=head)
    assert again.content == pdf.content, "made once"
    assert (await client.get(f"{path}/41/letter.xlsx", headers=head)).status_code == 404
    table = await client.get(f"{path}/16/letter.xlsx", headers=head)
    assert (table.status_code, table.headers["content-type"]) == (200, XLSX.media_type)
    for who in (as_("coordinator", "16"), as_("cur_admin"), as_("auditor")):
        assert (await client.post(f"{path}/16/acknowledge", headers=who)).status_code == 403
    done = (await client.post(f"{path}/16/acknowledge", headers=head)).json()
    assert (done["acknowledged_by"], done["state"]) == ("authority_head", "prepared")
    for who in (head, as_("auditor"), as_("cur_controller")):
        assert (await client.post(f"{path}/16/resend", headers=who)).status_code == 403
    assert (await client.get(path)).status_code == 401
    assert (await client.get(f"/v1/slices/{uuid4()}/letters", headers=head)).status_code == 404


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


def pdf_of(letter: EmailMessage) -> bytes:
    content: bytes = next(letter.iter_attachments()).get_content()
    return content


async def kept_of(session: AsyncSession, letter: SliceLetter) -> list[bytes]:
    statement = select(LetterFile.pdf).where(col(LetterFile.letter_id) == letter.id)
    return sorted((await session.exec(statement)).all())
