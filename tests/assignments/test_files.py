"""Files as evidence: kept whole, shown safely, given to those who may see them."""

import asyncio
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments import store as objects
from services.assignments.domain.executions import Demand, Party, Status
from services.assignments.domain.files import MOST_BYTES, MOST_FILES, FileNotTaken, shown_name
from services.assignments.models import Execution, StoredFile
from services.assignments.service import files
from services.assignments.store import key_of, open_store
from shared.clock import Clock
from shared.db import Sessions, get_session
from shared.ids import new_id
from tests.assignments.races import store
from tests.conftest import NOW, Headers, Tokens, serve, sessions_of, settings_for
from tests.factories import CLUSTER, make_assignment, make_execution

PDF = b"%PDF-1.7\n" + b"1 0 obj\n" * 100
TYPES = "[Content_Types].xml"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 64
Stored = Callable[..., Awaitable[Execution]]


@pytest.fixture
async def client(
    app: FastAPI,
    session: AsyncSession,
    databases: dict[str, str],
    service: str,
    clock: Clock,
    tmp_path: Path,
) -> AsyncIterator[httpx.AsyncClient]:
    settings = settings_for(databases[service], object_store_url=tmp_path.as_uri())

    async def request_session() -> AsyncIterator[AsyncSession]:
        async with session.begin_nested():
            yield session
        session.expunge_all()

    app.dependency_overrides[get_session] = request_session
    transport = serve(app, settings, sessions=sessions_of(session), clock=clock)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client
    app.dependency_overrides.clear()


@pytest.fixture
def stored(session: AsyncSession) -> Stored:
    async def store(evidence: Demand = Demand.ANY, **overrides: Any) -> Execution:
        assignment = make_assignment(evidence=evidence)
        session.add(assignment)
        await session.flush()
        execution = make_execution(assignment, **{"status": Status.IN_PROGRESS, **overrides})
        session.add(execution)
        await session.flush()
        session.expunge_all()
        return execution

    return store


@pytest.fixture
def cluster(token: Tokens) -> Headers:
    return token("cluster", clusters=[str(CLUSTER)])


def _contents(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def _upload(
    client: httpx.AsyncClient,
    execution: Execution,
    who: Headers,
    name: str = "Акт ввода.pdf",
    content: bytes = PDF,
) -> httpx.Response:
    return await client.post(
        f"/v1/executions/{execution.id}/files", headers=who, files={"file": (name, content)}
    )


async def test_a_file_becomes_evidence_and_is_given_back_as_it_was(
    client: httpx.AsyncClient, token: Tokens, stored: Stored, cluster: Headers
) -> None:
    execution = await stored(evidence=Demand.FILE)
    made = (await _upload(client, execution, cluster)).json()
    assert (made["name"], made["media_type"], made["size"]) == (
        "Акт ввода.pdf",
        "application/pdf",
        len(PDF),
    )
    assert made["sha256"] == hashlib.sha256(PDF).hexdigest()

    evidence = [{"kind": "file", "title": "Акт", "file_id": made["id"]}]
    submitted = await client.post(
        f"/v1/executions/{execution.id}/submit",
        headers=cluster,
        json={"text": "Исполнено.", "evidence": evidence},
    )
    assert submitted.status_code == 200, submitted.text
    steps = await client.get(f"/v1/executions/{execution.id}/steps", headers=token("auditor"))
    [kept] = steps.json()["items"][-1]["evidence"]
    assert (kept["sha256"], kept["name"]) == (made["sha256"], made["name"])

    path = f"/v1/files/{made['id']}/content"
    given = await client.get(path, headers=token("coordinator", regions=["16"]))
    assert given.content == PDF
    assert given.headers["content-type"] == "application/pdf"
    assert given.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%D0%90")
    assert given.headers["x-content-type-options"] == "nosniff"
    again = {"If-None-Match": given.headers["etag"]}
    unchanged = await client.get(path, headers={**token("auditor"), **again})
    assert (unchanged.status_code, unchanged.content) == (304, b"")

    refused = await client.delete(f"/v1/files/{made['id']}", headers=cluster)
    assert (refused.status_code, refused.json()["code"]) == (409, "file_in_use")


async def test_a_report_without_the_demanded_file_is_refused(
    client: httpx.AsyncClient, stored: Stored, cluster: Headers
) -> None:
    execution = await stored(evidence=Demand.FILE)
    other = await stored(region="16")
    foreign = (await _upload(client, other, cluster)).json()
    link = {"kind": "link", "title": "Акт", "url": "https://example.org/akt"}
    cases = [
        ([link], "body.evidence", "evidence_missing"),
        ([{"kind": "file", "title": "Акт"}], "body.evidence.0", "unfit"),
        (
            [link, {"kind": "file", "title": "Акт", "file_id": foreign["id"]}],
            "body.evidence.1.file_id",
            "file_unknown",
        ),
        (
            [{"kind": "file", "title": "Акт", "file_id": str(uuid4())}],
            "body.evidence.0.file_id",
            "file_unknown",
        ),
    ]
    for evidence, field, code in cases:
        answer = await client.post(
            f"/v1/executions/{execution.id}/submit",
            headers=cluster,
            json={"text": "Исполнено.", "evidence": evidence},
        )
        error = answer.json()["errors"][0]
        assert (answer.status_code, error["field"], error["code"]) == (422, field, code)
    unused = await client.get(f"/v1/files/{foreign['id']}", headers=cluster)
    assert unused.json()["used"] is False


@pytest.mark.parametrize(
    "url",
    [
        "http://u:p@169.254.169.254/",
        "https://user@example.org/akt.pdf",
        "https://:p@example.org/",
        "http:\\\\example.org:x@evil.example/",
    ],
)
async def test_a_link_with_a_name_and_a_password_in_it_is_no_evidence(
    client: httpx.AsyncClient, stored: Stored, cluster: Headers, url: str
) -> None:
    execution = await stored()
    path = f"/v1/executions/{execution.id}/submit"

    async def submit(link: str) -> httpx.Response:
        evidence = [{"kind": "link", "title": "Акт", "url": link}]
        report = {"text": "Исполнено.", "evidence": evidence}
        return await client.post(path, headers=cluster, json=report)

    refused = await submit(url)
    error = refused.json()["errors"][0]
    assert (refused.status_code, error["field"]) == (422, "body.evidence.0.url")
    assert error["code"] == "unfit"
    # What only looks like one, or is an address of no name, is a link as any other.
    taken = await submit("http://169.254.169.254/@u:p@x?u:p@x")
    assert taken.status_code == 200, taken.text


def _office(*names: str, types: str | bytes = "<Types/>", types_at: str = TYPES) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(types_at, types)
        for name in names:
            archive.writestr(name, "<xml/>")
    return made.getvalue()


def _typed(content_type: str) -> str:
    """A table of types in which a part with no telling name is of this one."""
    part = f'<Override PartName="/word/styles2.xml" ContentType="{content_type}"/>'
    return f'<Types xmlns="urn:x"><Default Extension="xml" ContentType="text/xml"/>{part}</Types>'


PROGRAM = "application/vnd.ms-office.vbaProject"
ENABLED = "application/vnd.ms-word.document.macroEnabled.main+xml"
SHEET = "application/vnd.ms-excel.macrosheet+xml"
OFTEN = f"<Types>{'<T/>' * 600_000}</Types>"
ENTITY = f'<!DOCTYPE x [<!ENTITY e "{PROGRAM}">]>' + _typed("&e;")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("акт.exe", b"MZ" + b"\x00" * 100),
        ("акт.pdf", b""),
        ("акт.pdf", PNG),
        ("картинка.png", PDF),
        ("страница.txt", b"a\x00b"),
        ("страница.csv", PDF),
        ("акт.svg", b"<svg onload='alert(1)'/>"),
        ("без расширения", PDF),
        (".pdf", PDF),
        ("../", PDF),
        ("отчёт.docx", PDF),
        ("акт.pdf.exe", PDF),
        ("акт.exe.pdf", b"MZ" + b"\x00" * 100),
        ("старый.doc", bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 512),
        ("старый.docx", bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 512),
        ("сведения.xlsx", _office("xl/vbaProject.bin")),
        ("сведения.xlsx", _office("xl/VBAproject.BIN")),
        ("отчёт.docx", _office("word/VBAPROJECT.bin")),
        ("отчёт.docx", _office("word/styles2.xml", types=_typed(PROGRAM))),
        ("отчёт.docx", _office("word/styles2.xml", types=_typed(PROGRAM.upper()))),
        ("отчёт.docx", _office("word/styles2.xml", types=_typed("&#118;baProject"))),
        ("отчёт.docx", _office("word/styles2.xml", types=_typed(PROGRAM).encode("utf-16"))),
        ("отчёт.docx", _office(types=_typed(PROGRAM), types_at="/[content_TYPES].xml")),
        ("отчёт.docx", _office("word/document.xml", types=_typed(ENABLED))),
        ("сведения.xlsx", _office("xl/workbook.xml", types=_typed(SHEET))),
        ("сведения.xlsx", _office("xl/workbook.xml", types=ENTITY)),
        ("сведения.xlsx", _office("xl/workbook.xml", types="<Types>")),
        ("сведения.xlsx", _office("xl/workbook.xml", types=OFTEN)),
        ("сведения.xlsx", _office("xl/workbook.xml")[:-30]),
        ("сведения.xlsx", _office(*(f"xl/{number}" for number in range(10_000)))),
        ("страница.pdf", b"<!DOCTYPE html><script>alert(1)</script>"),
        ("акт.pdf%00.exe", PDF),
    ],
)
async def test_what_is_no_evidence_is_refused(
    client: httpx.AsyncClient,
    stored: Stored,
    cluster: Headers,
    tmp_path: Path,
    name: str,
    content: bytes,
) -> None:
    execution = await stored()
    answer = await _upload(client, execution, cluster, name, content)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == "body.file"
    assert _contents(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("отчёт.docx", _office("word/document.xml")),
        ("отчёт.docx", _office("word/document.xml", types=_typed("image/png"))),
        ("сведения.xlsx", _office("xl/workbook.xml")),
        ("фото.PNG", PNG),
        ("таблица.csv", "регион;план\n16;4\n".encode("cp1251")),
        ("записка.txt", "Всё готово.".encode()),
    ],
)
async def test_usual_documents_are_taken(
    client: httpx.AsyncClient, stored: Stored, cluster: Headers, name: str, content: bytes
) -> None:
    execution = await stored()
    answer = await _upload(client, execution, cluster, name, content)
    assert (answer.status_code, answer.json().get("name")) == (201, name)


async def test_a_file_that_is_two_things_is_only_given_away_to_be_kept(
    client: httpx.AsyncClient, stored: Stored, cluster: Headers
) -> None:
    execution = await stored()
    both = PDF + b"<script>alert(1)</script>" + _office("a.txt")
    made = await _upload(client, execution, cluster, "акт.pdf", both)
    given = await client.get(f"/v1/files/{made.json()['id']}/content", headers=cluster)

    assert given.content == both
    assert given.headers["Content-Type"] == "application/pdf"
    assert given.headers["Content-Disposition"].startswith("attachment;")
    assert given.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in given.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\Документы\\акт.pdf", "акт.pdf"),
        ("а\u202efdp.exe.pdf", "аfdp.exe.pdf"),
        ("акт\r\nSet-Cookie: x.pdf", "актSet-Cookie_ x.pdf"),
        ("а\u200bк\u0000т.pdf", "акт.pdf"),
        ("  . акт .pdf ", "акт .pdf"),
        ("//server/share/акт.pdf", "акт.pdf"),
        ("NUL.pdf", "_NUL.pdf"),
        ("com1.tar.zip", "_com1.tar.zip"),
        ("контракт.pdf", "контракт.pdf"),
    ],
)
def test_a_name_cannot_escape(given: str, shown: str) -> None:
    assert shown_name(given).replace(" .", ".") == shown.replace(" .", ".")


def test_a_long_name_is_cut_and_keeps_its_extension() -> None:
    name = shown_name("ы" * 300 + ".pdf")
    assert name.endswith(".pdf")
    assert len(name.encode()) <= 200
    with pytest.raises(FileNotTaken):
        shown_name("....")


async def test_too_large_a_file_is_refused_also_without_a_length(
    client: httpx.AsyncClient, stored: Stored, cluster: Headers
) -> None:
    execution = await stored()

    async def endless() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
        for _ in range(22):
            yield b"\x25" * 2**20

    answer = await client.post(
        f"/v1/executions/{execution.id}/files",
        headers={**cluster, "Content-Type": "multipart/form-data; boundary=x"},
        content=endless(),
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert "20 МиБ" in answer.json()["detail"]

    report = {"text": "x" * 2**21, "evidence": []}
    usual = await client.post(f"/v1/executions/{execution.id}/submit", headers=cluster, json=report)
    assert (usual.status_code, "1 МиБ" in usual.json()["detail"]) == (413, True)


async def test_a_larger_file_than_a_request_may_have_is_taken(
    client: httpx.AsyncClient, stored: Stored, cluster: Headers
) -> None:
    execution = await stored()
    content = PDF + b"\x00" * (3 * 2**20)
    made = (await _upload(client, execution, cluster, content=content)).json()
    given = await client.get(f"/v1/files/{made['id']}/content", headers=cluster)
    assert hashlib.sha256(given.content).hexdigest() == made["sha256"]


async def test_only_those_who_see_the_execution_see_its_files(
    client: httpx.AsyncClient, token: Tokens, stored: Stored, cluster: Headers
) -> None:
    execution = await stored()
    made = (await _upload(client, execution, cluster)).json()
    stranger = token("coordinator", regions=["77"])
    paths = [f"/v1/files/{made['id']}", f"/v1/files/{made['id']}/content"]
    for path in (*paths, f"/v1/executions/{execution.id}/files"):
        assert (await client.get(path, headers=stranger)).status_code == 404
    assert (await _upload(client, execution, stranger)).status_code == 404
    assert (await _upload(client, execution, token("cur_controller"))).status_code == 403
    coordinator = token("coordinator", regions=["16"])
    mine = await client.delete(f"/v1/files/{made['id']}", headers=coordinator)
    assert (mine.status_code, mine.json()["code"]) == (403, "not_your_move")
    assert (await client.delete(f"/v1/files/{made['id']}", headers=cluster)).status_code == 204
    assert (await client.get(paths[0], headers=cluster)).status_code == 404


async def test_nothing_is_added_under_review(
    client: httpx.AsyncClient, stored: Stored, cluster: Headers
) -> None:
    execution = await stored(status=Status.SUBMITTED)
    answer = await _upload(client, execution, cluster)
    assert (answer.status_code, answer.json()["code"]) == (409, "action_not_allowed")


async def test_the_same_content_is_kept_once(
    client: httpx.AsyncClient, stored: Stored, cluster: Headers, tmp_path: Path
) -> None:
    execution = await stored()
    first = (await _upload(client, execution, cluster)).json()
    second = (await _upload(client, execution, cluster, name="копия.pdf")).json()
    assert first == second
    assert len(_contents(tmp_path)) == 1


async def test_a_repeated_upload_gets_the_first_ones_answer_and_another_file_is_refused(
    client: httpx.AsyncClient, stored: Stored, cluster: Headers, tmp_path: Path
) -> None:
    execution, who = await stored(), {**cluster, "Idempotency-Key": "act-1"}
    # Every form has a boundary of its own: the same file is the same request all the same.
    answers = [await _upload(client, execution, who) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    for changes in ({"content": PDF + b"2"}, {"name": "Другое имя.pdf"}):
        refused = await _upload(client, execution, who, **changes)
        assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert len(_contents(tmp_path)) == 1


@pytest.mark.parametrize(
    ("content", "status"),
    [
        ("Ёлка".encode() * 5000, 201),
        ("Ёлка".encode("cp1251") * 5000, 201),
        (b"a" * 9000 + b"\x00", 422),
        # 0x98 is no letter of Windows-1251, and alone it is none of UTF-8.
        (b"a" * 9000 + b"\x98", 422),
        ("Ёлка".encode() * 5000 + b"\xd0", 201),
    ],
    ids=["utf-8", "windows-1251", "nul at the end", "no text at the end", "half a letter"],
)
async def test_a_text_is_a_text_to_its_last_byte(
    client: httpx.AsyncClient, stored: Stored, cluster: Headers, content: bytes, status: int
) -> None:
    answer = await _upload(client, await stored(), cluster, name="отчёт.csv", content=content)
    assert answer.status_code == status, answer.text


async def test_a_store_that_is_away_loses_nothing_and_says_so(
    client: httpx.AsyncClient, stored: Stored, cluster: Headers, tmp_path: Path
) -> None:
    execution = await stored()
    made = (await _upload(client, execution, cluster)).json()
    [content] = _contents(tmp_path)
    content.unlink()
    content.mkdir()  # what is there cannot be read as a file
    gone = await client.get(f"/v1/files/{made['id']}/content", headers=cluster)
    assert (gone.status_code, gone.json()["code"]) == (503, "file_store_unavailable")

    content.rmdir()
    content.parent.rmdir()
    content.parent.write_bytes(b"")  # and nothing can be put where its folder was
    answer = await _upload(client, execution, cluster, content=PDF + b"2")
    assert (answer.status_code, answer.json()["code"]) == (503, "file_store_unavailable")
    listed = await client.get(f"/v1/executions/{execution.id}/files", headers=cluster)
    assert [item["id"] for item in listed.json()["items"]] == [made["id"]]


async def test_a_deputy_adds_files_while_the_office_is_vacant_and_the_timeline_tells(
    client: httpx.AsyncClient, token: Tokens, stored: Stored
) -> None:
    execution = await stored()
    answer = await _upload(client, execution, token("deputy", regions=["16"]))
    assert (answer.status_code, answer.json()["party"]) == (201, "coordinator")
    told = await client.get(f"/v1/executions/{execution.id}/timeline", headers=token("auditor"))
    assert [item["title"] for item in told.json()["items"] if item["kind"] == "file_added"] == [
        "Приложен файл «Акт ввода.pdf» (координатор региона)."
    ]


async def test_a_command_does_not_wait_for_an_upload(
    client: httpx.AsyncClient,
    session: AsyncSession,
    stored: Stored,
    cluster: Headers,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    execution, put, locked = await stored(), objects.put, []

    async def slow(store: Any, key: str, content: Any) -> None:
        connection = await session.connection()
        rows = await connection.exec_driver_sql(
            "select count(*) from pg_locks where locktype = 'tuple' or mode = 'RowShareLock'"
            " and relation = 'executions'::regclass"
        )
        locked.append(rows.scalar())
        await put(store, key, content)

    monkeypatch.setattr(objects, "put", slow)
    assert (await _upload(client, execution, cluster)).status_code == 201
    assert locked == [0]


def _kept(
    execution: Execution, sizes: list[int], party: Party = Party.ADDRESSEE
) -> list[StoredFile]:
    return [
        StoredFile(
            id=new_id(),
            execution_id=execution.id,
            name="Акт.pdf",
            media_type="application/pdf",
            size=size,
            sha256=f"{number:064}",
            party=party,
            uploaded_by="x",
            uploaded_at=NOW,
        )
        for number, size in enumerate(sizes)
    ]


@pytest.mark.parametrize(
    ("sizes", "code"),
    [
        ([1] * MOST_FILES, "files_too_many"),
        ([MOST_BYTES // 10] * 10, "files_too_large"),
        ([MOST_BYTES - len(PDF) + 1], "files_too_large"),
        ([1] * (MOST_FILES - 1), None),
        ([MOST_BYTES - len(PDF)], None),
    ],
)
async def test_an_execution_has_so_many_files_and_bytes_whoever_adds_them(
    client: httpx.AsyncClient,
    session: AsyncSession,
    stored: Stored,
    cluster: Headers,
    tmp_path: Path,
    sizes: list[int],
    code: str | None,
) -> None:
    execution, other = await stored(), await stored()
    session.add_all(_kept(execution, sizes, Party.COORDINATOR))
    await session.flush()

    answer = await _upload(client, execution, cluster)

    assert answer.json().get("code") == code, answer.text
    assert answer.status_code == (409 if code else 201)
    assert len(_contents(tmp_path)) == (0 if code else 1)
    if code:
        assert [one["field"] for one in answer.json()["errors"]] == ["body.file"]
    elsewhere = await _upload(client, other, cluster)
    assert elsewhere.status_code == 201


async def test_what_is_there_already_is_answered_however_full_it_is(
    client: httpx.AsyncClient, session: AsyncSession, stored: Stored, cluster: Headers
) -> None:
    execution = await stored()
    made = (await _upload(client, execution, cluster)).json()
    session.add_all(_kept(execution, [1] * (MOST_FILES - 1)))
    await session.flush()
    assert (await _upload(client, execution, cluster)).json() == made
    refused = await _upload(client, execution, cluster, content=PDF + b"2")
    assert (refused.status_code, refused.json()["code"]) == (409, "files_too_many")
    assert (await client.delete(f"/v1/files/{made['id']}", headers=cluster)).status_code == 204
    assert (await _upload(client, execution, cluster, content=PDF + b"2")).status_code == 201


async def test_of_files_that_come_at_once_there_are_no_more_than_there_may_be(
    app: FastAPI,
    sessions: Sessions,
    databases: dict[str, str],
    clock: Clock,
    tmp_path: Path,
    cluster: Headers,
) -> None:
    assignment = make_assignment()
    execution = make_execution(assignment, status=Status.IN_PROGRESS)
    await store(sessions, assignment, execution, *_kept(execution, [1] * (MOST_FILES - 2)))
    settings = settings_for(databases["assignments"], object_store_url=tmp_path.as_uri())
    transport = serve(app, settings, sessions=sessions, clock=clock)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as api:
        coming = (
            _upload(api, execution, cluster, content=PDF + str(number).encode())
            for number in range(8)
        )
        answers = await asyncio.gather(*coming)

        assert sorted(answer.status_code for answer in answers) == [201] * 2 + [409] * 6
        listed = await api.get(f"/v1/executions/{execution.id}/files", headers=cluster)
        assert len(listed.json()["items"]) == MOST_FILES


async def test_what_no_row_names_is_swept_after_a_day(
    client: httpx.AsyncClient,
    session: AsyncSession,
    stored: Stored,
    cluster: Headers,
    tmp_path: Path,
) -> None:
    execution = await stored()
    kept = (await _upload(client, execution, cluster)).json()
    store = open_store(tmp_path.as_uri())
    orphan = tmp_path / key_of(execution.id, uuid4())
    orphan.write_bytes(PDF)
    now = datetime.now(UTC)

    assert await files.sweep(session, store, before=now - timedelta(hours=1)) == 0
    assert await files.sweep(session, store, before=now + timedelta(hours=1)) == 1

    assert not orphan.exists()
    given = await client.get(f"/v1/files/{kept['id']}/content", headers=cluster)
    assert given.content == PDF
