"""Lists as files, for tests of imports."""

import io
import json
from collections.abc import Sequence
from typing import Any, Final

import httpx
import openpyxl
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.events.directory import ClusterEvent
from shared.tables import OutboxRecord
from tests.conftest import Headers

HEADINGS: Final = (
    "Код",
    "Наименование кластера",
    "Субъект РФ",
    "Отрасль",
    "Когорта",
    "Статус",
    "Базовый колледж",
)
ROW: Final = ("16-2022-01", "Кластер «Станки»", "Татарстан", "Машиностроение", 2022, "", "")


def workbook(
    rows: Sequence[Sequence[Any]], headings: Sequence[Any] = HEADINGS, *, title: str = "Кластеры"
) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    sheet.append(list(headings))
    for row in rows:
        sheet.append(list(row))
    return book


def packed(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def csv_of(
    rows: Sequence[Sequence[Any]], headings: Sequence[str] = HEADINGS, *, delimiter: str = ";"
) -> str:
    return "\r\n".join(delimiter.join(map(str, row)) for row in (headings, *rows)) + "\r\n"


async def upload(
    client: httpx.AsyncClient,
    who: Headers,
    content: bytes,
    name: str = "список.csv",
    kind: str = "clusters",
) -> httpx.Response:
    return await client.post(
        "/v1/imports", headers=who, data={"kind": kind}, files={"file": (name, content)}
    )


async def rows_of(
    client: httpx.AsyncClient, who: Headers, made: dict[str, Any], query: str = "limit=200"
) -> list[dict[str, Any]]:
    answer = await client.get(f"/v1/imports/{made['id']}/rows?{query}", headers=who)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def told_of(session: AsyncSession) -> list[tuple[str, int]]:
    statement = (
        select(OutboxRecord)
        .where(OutboxRecord.topic == ClusterEvent.topic)
        .order_by(col(OutboxRecord.position))
    )
    return [(one.type, json.loads(one.data)["version"]) for one in await session.exec(statement)]


async def commit(client: httpx.AsyncClient, who: Headers, made: dict[str, Any]) -> httpx.Response:
    return await client.post(f"/v1/imports/{made['id']}/commit", headers=who)
