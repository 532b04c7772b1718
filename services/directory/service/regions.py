"""Regions: what must be there."""

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.regions import UnknownRegion
from services.directory.repository import regions as repository
from services.directory.repository.regions import RegionNotFound


async def check_region(session: AsyncSession, code: str) -> None:
    """Raises `UnknownRegion`."""
    try:
        await repository.get_region(session, code)
    except RegionNotFound as error:
        raise UnknownRegion(f"Региона с кодом {code} нет.", field="body.region") from error
