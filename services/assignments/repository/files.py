"""Statements about files uploaded as evidence."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import Party
from services.assignments.domain.files import FileNotFound
from services.assignments.models import Execution, StoredFile
from services.assignments.repository.rows import visible_to
from shared.auth import Actor


async def get_visible(
    session: AsyncSession, file_id: UUID, actor: Actor, *, for_update: bool = False
) -> StoredFile:
    """The file, if the actor sees its execution. Raises `FileNotFound`."""
    statement = (
        select(StoredFile)
        .join(Execution, col(Execution.id) == col(StoredFile.execution_id))
        .where(col(StoredFile.id) == file_id, visible_to(actor))
    )
    if for_update:
        statement = statement.with_for_update(of=StoredFile)
    found = (await session.exec(statement)).first()
    if found is None:
        raise FileNotFound("Файл не найден.")
    return found


async def list_files(session: AsyncSession, execution_id: UUID) -> Sequence[StoredFile]:
    """In the order they came."""
    statement = (
        select(StoredFile)
        .where(col(StoredFile.execution_id) == execution_id)
        .order_by(col(StoredFile.id))
    )
    return (await session.exec(statement)).all()


async def held(session: AsyncSession, execution_id: UUID) -> tuple[int, int]:
    """How many files the execution has, and how many bytes they are."""
    statement = select(func.count(), func.coalesce(func.sum(col(StoredFile.size)), 0)).where(
        col(StoredFile.execution_id) == execution_id
    )
    files, total = (await session.exec(statement)).one()
    return files, int(total)


async def same_content(
    session: AsyncSession, execution_id: UUID, party: Party, sha256: str
) -> StoredFile | None:
    """What this party has uploaded with this content before."""
    statement = select(StoredFile).where(
        col(StoredFile.execution_id) == execution_id,
        col(StoredFile.party) == party,
        col(StoredFile.sha256) == sha256,
    )
    return (await session.exec(statement)).first()


async def use(
    session: AsyncSession, execution_id: UUID, file_ids: Collection[UUID]
) -> dict[UUID, StoredFile]:
    """Those of the files that are of this execution, marked as evidence."""
    if not file_ids:
        return {}
    statement = (
        select(StoredFile)
        .where(col(StoredFile.execution_id) == execution_id, col(StoredFile.id).in_(file_ids))
        .with_for_update()
    )
    found = {row.id: row for row in await session.exec(statement)}
    for row in found.values():
        row.used = True
        session.add(row)
    return found


async def existing(session: AsyncSession, file_ids: Collection[UUID]) -> set[UUID]:
    """Which of the ids are files."""
    statement = select(StoredFile.id).where(col(StoredFile.id).in_(file_ids))
    return set(await session.exec(statement))
