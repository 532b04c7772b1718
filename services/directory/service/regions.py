"""Regions: what must be there, and who covers them."""

from collections.abc import Sequence
from datetime import date

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.appointments import Office
from services.directory.domain.regions import UnknownRegion
from services.directory.models import Region
from services.directory.repository import regions as repository
from services.directory.repository import rows
from services.directory.repository.regions import RegionNotFound


async def check_region(session: AsyncSession, code: str) -> None:
    """Raises `UnknownRegion`."""
    try:
        await repository.get_region(session, code)
    except RegionNotFound as error:
        raise UnknownRegion(f"Региона с кодом {code} нет.", field="body.region") from error


async def coverage(session: AsyncSession, at: date) -> tuple[int, Sequence[Region]]:
    """How many regions there are, and which have no coordinator on the date."""
    total = len(await rows.all_of(session, Region))
    return total, await repository.regions_without(session, Office.COORDINATOR, at)
