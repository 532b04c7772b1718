"""The link of acknowledgement is the addressee's alone: in the text of the e-mail, nowhere else."""

import importlib
import io
import zipfile
from collections.abc import Iterator
from typing import Final

import httpx
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from fastapi import FastAPI
from pypdf import PdfReader
from sqlalchemy import Connection, text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.models import LetterFile, Slice, SliceLetter
from services.rating.service import letters
from shared.auth import Role
from shared.settings import ServiceSettings
from tests.conftest import Tokens, settings_for
from tests.mailbox import mailbox
from tests.rating.letters import directory, prepared, send
from tests.rating.slices import LATER, NOW_AT

BASE: Final = "https://rating.example.ru"
# Where letters could be told of; all else is read from tables that are looked into besides.
NEAR: Final = ("/v1/slices", "/v1/audit", "/v1/dead-letters", "/slices")


@pytest.fixture
def settings(databases: dict[str, str], service: str) -> ServiceSettings:
    """With an address for people: without one there are no links at all."""
    return settings_for(databases[service], public_url=BASE)


def whole(content: bytes) -> str:
    """All that can be read in a file or an answer: bytes, words and links of a PDF, parts of a
    workbook.
    """
    found = [content.decode("latin-1")]
    if content.startswith(b"%PDF"):
        for page in PdfReader(io.BytesIO(content)).pages:
            found.append("".join(page.extract_text().split()))
            found += [str(one.get_object()) for one in page.get("/Annots", [])]
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            found += [parts.read(name).decode() for name in parts.namelist()]
    return "\n".join(found)


def readings(app: FastAPI, slice_id: object) -> Iterator[str]:
    """Addresses of all that can be read of slices, and of what was done to them."""
    for path, methods in app.openapi()["paths"].items():
        address = path.replace("{slice_id}", str(slice_id)).replace("{code}", "16")
        if "get" in methods and "{" not in address and path.startswith(NEAR):
            yield address


async def tables_that_say(session: AsyncSession, token: str) -> set[str]:
    """Which tables hold it in the open, whatever the column."""
    connection = await session.connection()
    names = await connection.execute(
        text("select tablename from pg_tables where schemaname = 'public'")
    )
    found = set()
    for name in names.scalars().all():
        rows = await connection.execute(text(f'select cast(t as text) from "{name}" as t'))
        # A file is text in hexadecimal there.
        spelled = (token, token.encode().hex())
        if any(one in row for row in rows.scalars() for one in spelled):
            found.add(name)
    return found


async def test_no_answer_to_anybody_has_the_link_of_a_letter(
    session: AsyncSession,
    databases: dict[str, str],
    october: Slice,
    app: FastAPI,
    client: httpx.AsyncClient,
    token: Tokens,
) -> None:
    one = (await prepared(session, databases))["16"]
    before, path = one.token, f"/v1/slices/{october.id}/letters/16"
    async with mailbox() as (url, box):
        await send(session, databases, one, url)
    [(_, email)] = box.kept
    assert f"{BASE}/letters/{before}" in email.get_body().get_content()
    for attached in email.iter_attachments():
        assert before not in whole(attached.get_content()), attached.get_filename()

    # Both commands leave a row in the audit trail, which is among what is read below.
    note = {"outcome": "delivered", "at": LATER.isoformat(), "note": "Вх. № 1"}
    answers = [
        await client.post(f"{path}/delivery", json=note, headers=token("cur_admin") | NOW_AT),
        await client.post(f"/letters/{before}", headers=NOW_AT),
        await client.post(
            f"{path}/acknowledge", headers=token("authority_head", regions=["16"]) | NOW_AT
        ),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert before not in answers[0].text + answers[1].text + answers[2].text

    addresses = [*readings(app, october.id)]
    assert {path, f"{path}/letter.pdf", f"{path}/letter.xlsx", "/v1/audit"} <= {*addresses}
    for role in Role:
        headers = token(role, regions=["16"]) | NOW_AT
        for address in addresses:
            answer = await client.get(address, headers=headers)
            said = whole(answer.content)
            assert before not in said, (role, address)
            assert f"{BASE}/letters" not in said, (role, address)
    assert await tables_that_say(session, before) == {"slice_letters"}


def renew_letters(connection: Connection) -> None:
    """What the migration does to letters that are there."""
    migration = importlib.import_module(
        "services.rating.migrations.versions.0017_letters_without_links"
    )
    with Operations.context(MigrationContext.configure(connection)):
        migration.upgrade()


async def test_letters_kept_with_a_link_are_shown_without_and_the_link_is_void(
    session: AsyncSession,
    databases: dict[str, str],
    october: Slice,
    client: httpx.AsyncClient,
    token: Tokens,
) -> None:
    found = await prepared(session, databases)
    sent, looked_at, acknowledged, untouched = (found[code] for code in ("16", "41", "54", "77"))
    was = {code: one.token for code, one in found.items()}
    sent.sent_at = acknowledged.sent_at = acknowledged.acknowledged_at = LATER
    documents = {
        one.id: f"%PDF-1.7 {BASE}/letters/{one.token}".encode()
        for one in (sent, looked_at, acknowledged)
    }
    session.add_all(LetterFile(letter_id=id_, pdf=pdf) for id_, pdf in documents.items())
    session.add_all([sent, acknowledged])
    await session.flush()
    # What was there before can be told by what it answers with.
    auditor = token("auditor") | NOW_AT
    pages = {code: f"/v1/slices/{october.id}/letters/{code}/letter.pdf" for code in was}
    assert was["16"] in (await client.get(pages["16"], headers=auditor)).text

    await (await session.connection()).run_sync(renew_letters)
    session.expire_all()

    for code, page in pages.items():
        answer = await client.get(page, headers=auditor)
        assert answer.status_code == 200
        assert "/letters/" not in whole(answer.content), code
    # Whoever has seen one of old acknowledges nothing by it; what is settled stays.
    for code, status in (("16", 404), ("41", 404), ("54", 200), ("77", 200)):
        assert (await client.post(f"/letters/{was[code]}", headers=NOW_AT)).status_code == status
    assert (await session.get_one(SliceLetter, untouched.id)).token == was["77"]
    # What was sent is a document and stays as it was sent; what was not has no file of before.
    kept = (await session.exec(select(LetterFile.pdf))).all()
    assert documents[sent.id] in kept
    assert documents[acknowledged.id] in kept
    assert documents[looked_at.id] not in kept

    async with directory(databases) as known:
        again = await letters.resend(session, known, october.id, "16", now=LATER)
    async with mailbox() as (url, box):
        await send(session, databases, again, url)
    [(_, email)] = box.kept
    assert f"{BASE}/letters/{again.token}" in email.get_body().get_content()
    assert again.token != was["16"]
    for attached in email.iter_attachments():
        assert "/letters/" not in whole(attached.get_content())
    assert (await client.post(f"/letters/{again.token}", headers=NOW_AT)).status_code == 200
