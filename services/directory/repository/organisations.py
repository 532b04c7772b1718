"""Statements of organisations."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.organisations import OrganisationKind
from services.directory.models import Organisation
from shared.errors import NotFound


class OrganisationNotFound(NotFound):
    """No organisation has this id."""

    code = "organisation_not_found"
    title = "Организация не найдена"


async def get_organisation(session: AsyncSession, organisation_id: UUID) -> Organisation:
    """Raises `OrganisationNotFound`."""
    found = await session.get(Organisation, organisation_id)
    if found is None:
        raise OrganisationNotFound("Организация не найдена.")
    return found


async def list_organisations(
    session: AsyncSession,
    *,
    kind: OrganisationKind | None,
    region: str | None,
    after: str | None,
    limit: int,
) -> Sequence[Organisation]:
    """Ordered by code."""
    statement = select(Organisation).order_by(col(Organisation.code)).limit(limit)
    if kind is not None:
        statement = statement.where(col(Organisation.kind) == kind)
    if region is not None:
        statement = statement.where(col(Organisation.region) == region)
    if after is not None:
        statement = statement.where(col(Organisation.code) > after)
    return (await session.exec(statement)).all()
