"""Organisations."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.organisations import OrganisationInUse
from services.directory.models import Organisation
from services.directory.repository import organisations as repository
from services.directory.repository import relations, rows
from services.directory.schemas.organisations import OrganisationCreate, OrganisationPatch
from services.directory.service.days import check_order, said
from services.directory.service.regions import check_region
from services.directory.service.rows import update
from shared.errors import expect_version
from shared.ids import new_id


async def create_organisation(session: AsyncSession, wanted: OrganisationCreate) -> Organisation:
    """Enter an organisation. Raises `UnknownRegion`, `DatesReversed`, `CodeTaken`."""
    if wanted.region is not None:
        await check_region(session, wanted.region)
    if wanted.valid_from is not None:
        check_order(wanted.valid_from, wanted.valid_to)
    organisation = Organisation(id=new_id(), **wanted.model_dump())
    await rows.save(session, organisation)
    return organisation


async def change_organisation(
    session: AsyncSession,
    organisation_id: UUID,
    wanted: OrganisationPatch,
    *,
    expected_version: int | None,
) -> Organisation:
    """Change what is named; nothing named, nothing changes.

    Raises `OrganisationNotFound`, `VersionMismatch`, `UnknownRegion`, `DatesReversed`,
    `OrganisationInUse` where a relation would outlast it.
    """
    organisation = await repository.get_organisation(session, organisation_id, for_update=True)
    expect_version(organisation.version, expected_version)
    if wanted.region is not None:
        await check_region(session, wanted.region)
    if not update(organisation, wanted.model_dump(exclude_unset=True)):
        return organisation
    first, last = organisation.valid_from, organisation.valid_to
    if first is not None:
        check_order(first, last)
    relation = await relations.outlasting(session, organisation.id, first=first, last=last)
    if relation is not None:
        raise OrganisationInUse(
            "У организации есть место в регионе или кластере"
            f" {said(relation.valid_from, relation.valid_to)}: сначала завершите его.",
            field="body.valid_to" if last is not None else "body.valid_from",
        )
    organisation.version += 1
    await rows.save(session, organisation)
    return organisation
