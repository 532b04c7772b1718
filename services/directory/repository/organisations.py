"""Statements of organisations."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.organisations import Level, OrganisationKind
from services.directory.models import Organisation
from shared.errors import NotFound


class OrganisationNotFound(NotFound):
    """No organisation has this id."""

    code = "organisation_not_found"
    title = "Организация не найдена"


async def get_organisation(
    session: AsyncSession, organisation_id: UUID, *, for_update: bool = False
) -> Organisation:
    """Raises `OrganisationNotFound`."""
    found = await session.get(
        Organisation, organisation_id, with_for_update=for_update, populate_existing=for_update
    )
    if found is None:
        raise OrganisationNotFound("Организация не найдена.")
    return found


def there_at(at: date) -> list[ColumnElement[bool]]:
    """Whether the organisation is there on the day; days nobody has named restrict nothing."""
    return [
        or_(col(Organisation.valid_from).is_(None), col(Organisation.valid_from) <= at),
        or_(col(Organisation.valid_to).is_(None), col(Organisation.valid_to) >= at),
    ]


async def list_organisations(
    session: AsyncSession,
    *,
    kind: OrganisationKind | None,
    level: Level | None,
    region: str | None,
    at: date | None,
    after: str | None,
    limit: int,
) -> Sequence[Organisation]:
    """Ordered by code; with `at`, those that are there on the day."""
    statement = select(Organisation).order_by(col(Organisation.code)).limit(limit)
    if kind is not None:
        statement = statement.where(col(Organisation.kind) == kind)
    if level is not None:
        statement = statement.where(col(Organisation.level) == level)
    if at is not None:
        statement = statement.where(*there_at(at))
    if region is not None:
        statement = statement.where(col(Organisation.region) == region)
    if after is not None:
        statement = statement.where(col(Organisation.code) > after)
    return (await session.exec(statement)).all()
