"""Organisations."""

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.models import Organisation
from services.directory.repository import rows as repository
from services.directory.schemas.organisations import OrganisationCreate
from services.directory.service.regions import check_region
from shared.ids import new_id


async def create_organisation(session: AsyncSession, wanted: OrganisationCreate) -> Organisation:
    """Enter an organisation. Raises `UnknownRegion`, `CodeTaken`."""
    if wanted.region is not None:
        await check_region(session, wanted.region)
    organisation = Organisation(id=new_id(), **wanted.model_dump())
    await repository.save(session, organisation)
    return organisation
