"""The register as a file: written in batches, so that memory does not grow with its length."""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import IO, Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import STATUS_NAMES, Addressee, ExecutorRole
from services.assignments.domain.register import Sort
from services.assignments.repository import register as repository
from services.assignments.repository.register import Scope
from shared.clock import MOSCOW
from shared.errors import Invalid
from shared.spreadsheets import Column, Kind, Shape, Sheet, Writer

MAX_ROWS: Final = 100_000
BATCH: Final = 1000


class ExportTooLarge(Invalid):
    """More rows match than a file may have; nothing is cut off silently."""

    code = "export_too_large"
    title = "Слишком много строк для файла"

    def __init__(self) -> None:
        limit = f"{MAX_ROWS:,}".replace(",", "\N{NO-BREAK SPACE}")
        super().__init__(
            f"Под отбор подходит больше {limit} строк. Сузьте его, например по региону или сроку."
        )


def _yes(value: bool) -> str:
    return "да" if value else "нет"


_ADDRESSEES: Final[Mapping[Addressee, str]] = {
    Addressee.CLUSTER: "кластер",
    Addressee.AUTHORITY: "орган власти региона",
}
_ROLES: Final[Mapping[ExecutorRole, str]] = {
    ExecutorRole.LEAD: "ответственный",
    ExecutorRole.CO: "соисполнитель",
}
# No person is named here: no coordinator, no subject of a token, no words of a report.
COLUMNS: Final = (
    Column("Номер поручения", Shape.TEXT, 18, lambda row: row.number),
    Column("Поручение", Shape.TEXT, 60, lambda row: row.text),
    Column("Код региона", Shape.TEXT, 12, lambda row: row.region),
    Column("Регион", Shape.TEXT, 24, lambda row: row.region_name),
    Column("Федеральный округ", Shape.TEXT, 20, lambda row: row.federal_district),
    Column("Кластер", Shape.TEXT, 40, lambda row: row.cluster_name),
    Column("Отрасль", Shape.TEXT, 24, lambda row: row.industry),
    Column("Год отбора", Shape.NUMBER, 12, lambda row: row.cohort),
    Column("Адресат", Shape.TEXT, 20, lambda row: _ADDRESSEES[row.addressee]),
    Column("Роль", Shape.TEXT, 16, lambda row: _ROLES[row.role]),
    Column("Вес", Shape.NUMBER, 8, lambda row: row.weight),
    Column("Состояние", Shape.TEXT, 24, lambda row: STATUS_NAMES[row.status]),
    Column("Выдано", Shape.DATE, 12, lambda row: row.issued_on),
    Column("Первоначальный срок", Shape.DATE, 20, lambda row: row.due0),
    Column("Срок", Shape.DATE, 12, lambda row: row.due),
    Column("Сдано", Shape.DATE, 12, lambda row: row.done),
    Column("Возвратов", Shape.NUMBER, 12, lambda row: row.returns),
    Column("Продлений", Shape.NUMBER, 12, lambda row: row.extensions),
    Column("Просрочено", Shape.TEXT, 12, lambda row: _yes(row.overdue)),
    Column("Скоро срок", Shape.TEXT, 12, lambda row: _yes(row.due_soon)),
    Column("Ждёт решения ЦУР", Shape.TEXT, 18, lambda row: _yes(row.awaiting_review)),
    Column("Просят продлить", Shape.TEXT, 16, lambda row: _yes(row.extension_requested)),
    Column(
        "Изменено (МСК)",
        Shape.MOMENT,
        18,
        lambda row: row.occurred_at.astimezone(MOSCOW).replace(tzinfo=None, microsecond=0),
    ),
)


def filename(kind: Kind, now: datetime) -> str:
    """What the browser calls the file."""
    return f"Реестр исполнений {now.astimezone(MOSCOW):%d.%m.%Y}.{kind.ending}"


async def export(session: AsyncSession, scope: Scope, sort: Sort, kind: Kind) -> IO[bytes]:
    """The rows of the scope as a file without a name; who gets it closes it.

    It is written before the answer begins: a failure is an honest refusal instead of half a
    file, and a slow reader holds no transaction. Raises `ExportTooLarge`.
    """
    if await repository.count(session, scope, at_most=MAX_ROWS + 1) > MAX_ROWS:
        raise ExportTooLarge
    file: IO[bytes] = await asyncio.to_thread(tempfile.TemporaryFile)
    try:
        with tempfile.TemporaryDirectory() as folder:
            sheet = Sheet("Исполнения", COLUMNS)
            writer = await asyncio.to_thread(kind.writer, file, folder, sheet)
            try:
                left = MAX_ROWS
                async for rows in repository.stream(
                    session, scope, sort, limit=MAX_ROWS + 1, batch=BATCH
                ):
                    left -= len(rows)
                    if left < 0:  # more came since they were counted
                        raise ExportTooLarge
                    await asyncio.to_thread(_write, writer, rows)
            finally:
                await asyncio.to_thread(writer.close)
    except BaseException:
        file.close()
        raise
    return file


def _write(writer: Writer, rows: Sequence[Any]) -> None:
    writer.write([column.cell(row) for column in COLUMNS] for row in rows)
