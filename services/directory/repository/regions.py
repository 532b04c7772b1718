"""Statements of regions and industries."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.appointments import Office
from services.directory.models import (
    Appointment,
    Industry,
    Region,
)
from services.directory.repository.appointments import held_at
from shared.errors import NotFound


class RegionNotFound(NotFound):
    """No region has this code."""

    code = "region_not_found"
    title = "Регион не найден"


async def list_regions(
    session: AsyncSession, district: str | None, *, after: tuple[str, str] | None, limit: int
) -> Sequence[Region]:
    """Ordered by name as people order it."""
    key = tuple_(col(Region.sort_key), col(Region.code))
    statement = select(Region).order_by(col(Region.sort_key), col(Region.code)).limit(limit)
    if district is not None:
        statement = statement.where(col(Region.federal_district) == district)
    if after is not None:
        statement = statement.where(key > after)
    return (await session.exec(statement)).all()


async def get_region(session: AsyncSession, code: str) -> Region:
    """Raises `RegionNotFound`."""
    found = await session.get(Region, code)
    if found is None:
        raise RegionNotFound("Региона с таким кодом нет.")
    return found


async def list_industries(session: AsyncSession) -> Sequence[Industry]:
    """Ordered by code."""
    return (await session.exec(select(Industry).order_by(col(Industry.code)))).all()


async def regions_without(session: AsyncSession, office: Office, at: date) -> Sequence[Region]:
    """Regions where nobody holds the office on the date, by name."""
    held = select(Appointment.region).where(col(Appointment.office) == office, held_at(at))
    statement = (
        select(Region)
        .where(col(Region.code).not_in(held))
        .order_by(col(Region.sort_key), col(Region.code))
    )
    return (await session.exec(statement)).all()
