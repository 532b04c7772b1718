"""Letters of a slice: one per region, what it says, acknowledged by a person and no program."""

import subprocess
import sys
from dataclasses import replace
from datetime import date
from typing import Final
from uuid import uuid4

import httpx
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.letters import LetterState
from services.rating.domain.slices import Correction, SliceStatus
from services.rating.letters import Finding, Letter, Month, render
from services.rating.models import Slice, SliceLetter
from services.rating.service import letters, slices
from shared.spreadsheets import XLSX
from tests.conftest import Headers, Tokens
from tests.rating.letters import HEADS, directory, prepared, read
from tests.rating.slices import LATER, NOW_AT, add
from tests.rating.test_domain import FOUR

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
)


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
