"""Statements of regions and industries."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row, and_, tuple_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.relations import RelationKind
from services.directory.models import Industry, Organisation, Region, Relation
from services.directory.repository.appointments import held_at
from shared.errors import NotFound


class RegionNotFound(NotFound):
    """No region has this code."""

    code = "region_not_found"
    title = "Регион не найден"


class IndustryNotFound(NotFound):
    """No industry has this code."""

    code = "industry_not_found"
    title = "Отрасль не найдена"


async def list_regions(
    session: AsyncSession,
    district: str | None,
    *,
    at: date,
    after: tuple[str, str] | None,
    limit: int,
) -> Sequence[Row[Any]]:
    """With the authority of the day; ordered by name as people order it."""
    key = tuple_(col(Region.sort_key), col(Region.code))
    statement = _viewed(at).order_by(col(Region.sort_key), col(Region.code)).limit(limit)
    if district is not None:
        statement = statement.where(col(Region.federal_district) == district)
    if after is not None:
        statement = statement.where(key > after)
    found: Sequence[Row[Any]] = (await session.exec(statement)).all()
    return found


async def view_region(session: AsyncSession, code: str, *, at: date) -> Row[Any]:
    """With the authority of the day. Raises `RegionNotFound`."""
    found: Row[Any] | None = (
        await session.exec(_viewed(at).where(col(Region.code) == code))
    ).first()
    if found is None:
        raise RegionNotFound("Региона с таким кодом нет.")
    return found


def _viewed(at: date) -> Any:
    shown: list[Any] = [
        *(col(getattr(Region, name)).label(name) for name in Region.model_fields),
        col(Organisation.name).label("authority"),
    ]
    return (
        select(*shown)
        .outerjoin(
            Relation,
            and_(
                col(Relation.region) == col(Region.code),
                col(Relation.kind) == RelationKind.AUTHORITY,
                held_at(at, Relation),
            ),
        )
        .outerjoin(Organisation, col(Organisation.id) == col(Relation.organisation_id))
    )


async def get_region(session: AsyncSession, code: str, *, for_update: bool = False) -> Region:
    """Raises `RegionNotFound`."""
    found = await session.get(
        Region, code, with_for_update=for_update, populate_existing=for_update
    )
    if found is None:
        raise RegionNotFound("Региона с таким кодом нет.")
    return found


async def list_industries(session: AsyncSession) -> Sequence[Industry]:
    """Ordered by code."""
    return (await session.exec(select(Industry).order_by(col(Industry.code)))).all()


async def get_industry(session: AsyncSession, code: str) -> Industry:
    """Raises `IndustryNotFound`."""
    found = await session.get(Industry, code)
    if found is None:
        raise IndustryNotFound("Отрасли с таким кодом нет.")
    return found
