"""Statements that delete what has outlived its term."""

from datetime import datetime
from typing import Final

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.imports import ImportState
from services.directory.models import Import, ImportRow

# Somebody is at work on the others.
_AT_REST: Final = (ImportState.READY, ImportState.FAULTY, ImportState.STALE)


async def delete_rows_of_applied(session: AsyncSession, before: datetime) -> None:
    """Rows of lists entered before the instant; that and by whom they were entered stays."""
    old = select(Import.id).where(
        col(Import.state) == ImportState.APPLIED, col(Import.applied_at) < before
    )
    await session.exec(delete(ImportRow).where(col(ImportRow.import_id).in_(old)))


async def delete_unapplied(session: AsyncSession, before: datetime) -> None:
    """Lists uploaded before the instant, and entered never."""
    old = (
        select(Import.id)
        .where(col(Import.state).in_(_AT_REST), col(Import.created_at) < before)
        .with_for_update(skip_locked=True)
    )
    ids = (await session.exec(old)).all()
    await session.exec(delete(ImportRow).where(col(ImportRow.import_id).in_(ids)))
    await session.exec(delete(Import).where(col(Import.id).in_(ids)))
