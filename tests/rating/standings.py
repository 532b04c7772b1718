"""The stored standings, byte for byte."""

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.models import Standing


async def stored_standings(session: AsyncSession, period: str) -> list[str]:
    """Every stored line of the period in the order of regions, without its revision."""
    rows = await session.exec(
        select(Standing).where(col(Standing.period) == period).order_by(col(Standing.region))
    )
    return [row.model_dump_json(exclude={"revision"}) for row in rows]
