"""Charge people with work of an association, and name the directions of that work."""

from datetime import date
from typing import TypeVar
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.associations import check_constituted
from services.directory.domain.mandates import MANDATE_NAMES
from services.directory.domain.tenures import TenureOverlaps, check_order, end
from services.directory.models import Direction, Mandate
from services.directory.repository import associated
from services.directory.schemas.mandates import DirectionCreate, MandateCreate
from services.directory.service.associations import association_of, check_people, open_cluster_of
from shared.auth import Actor
from shared.errors import expect_version
from shared.ids import new_id

T = TypeVar("T", Mandate, Direction)


async def charge(session: AsyncSession, code: str, wanted: MandateCreate, actor: Actor) -> Mandate:
    """Charge a person with work of the association.

    Raises `AssociationNotFound`, `AssociationNotConstituted`, `UnknownPerson`, `UnknownCluster`,
    `ClusterOfAnotherIndustry`, `ClusterClosed`, `RowNotOfAssociation`, `DatesReversed`,
    `TenureOverlaps`.
    """
    association = await association_of(session, code, actor)
    check_constituted(association.name, association.constituted_on, wanted.valid_from)
    await check_people(session, [wanted.person_id], actor)
    if wanted.cluster_id is not None:
        await open_cluster_of(session, code, wanted.cluster_id, last=wanted.valid_to)
    if wanted.direction_id is not None:
        await associated.get_own(session, Direction, code, wanted.direction_id)
    check_order(wanted.valid_from, wanted.valid_to)
    mandate = Mandate(id=new_id(), association=code, **wanted.model_dump())
    if not await associated.insert_free(session, mandate):
        name = MANDATE_NAMES[wanted.kind].capitalize()
        raise TenureOverlaps(f"{name} в эти даты уже назначен.", field="body.valid_from")
    return mandate


async def open_direction(
    session: AsyncSession, code: str, wanted: DirectionCreate, actor: Actor
) -> Direction:
    """Name a direction of work. Raises `AssociationNotFound`, `AssociationNotConstituted`,
    `DatesReversed`, `TenureOverlaps`.
    """
    association = await association_of(session, code, actor)
    check_constituted(association.name, association.constituted_on, wanted.valid_from)
    check_order(wanted.valid_from, wanted.valid_to)
    direction = Direction(id=new_id(), association=code, **wanted.model_dump())
    if not await associated.insert_free(session, direction):
        raise TenureOverlaps("Такое направление в эти даты уже есть.", field="body.name")
    return direction


async def end_tenure(
    session: AsyncSession,
    model: type[T],
    code: str,
    row_id: UUID,
    valid_to: date,
    actor: Actor,
    *,
    expected_version: int | None,
) -> T:
    """The last day of a mandate or a direction. Raises `AssociationNotFound`,
    `RowNotOfAssociation`, `VersionMismatch`, `TenureEndedAlready`, `DatesReversed`.
    """
    await association_of(session, code, actor)
    row = await associated.get_own(session, model, code, row_id)
    expect_version(row.version, expected_version)
    end(row, valid_to)
    await session.flush()
    return row
