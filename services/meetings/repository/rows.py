"""What every noun's statements have in common."""

from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession


async def add(session: AsyncSession, row: SQLModel) -> None:
    """Insert or update the row now, so that what follows sees it."""
    session.add(row)
    await session.flush()
