"""An association is constituted: from its day on it works, and by a roadmap."""

from datetime import date, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.associations import AssociationConstitutedAlready
from services.directory.models import Association
from services.directory.repository import roadmaps as repository
from services.directory.repository.associations import get_association
from services.directory.service.roadmaps import FIRST_YEAR, make_roadmap, recurring
from services.directory.service.rows import facts_of
from shared import outbox
from shared.clock import MOSCOW
from shared.errors import expect_version
from shared.events.directory import AssociationConstituted, AssociationEvent


async def constitute(
    session: AsyncSession,
    code: str,
    constituted_on: date,
    *,
    now: datetime,
    expected_version: int | None,
) -> Association:
    """Give a planned association its day, and the milestones of that year still to come.

    Raises `AssociationNotFound`, `VersionMismatch`, `AssociationConstitutedAlready`.
    """
    association = await get_association(session, code, for_update=True)
    expect_version(association.version, expected_version)
    if association.constituted_on is not None:
        raise AssociationConstitutedAlready(
            f"{association.name} уже создана: {association.constituted_on:%d.%m.%Y}."
        )
    association.constituted_on = constituted_on
    association.version += 1
    await session.flush()
    year = constituted_on.year
    has_one = code in await repository.associations_with_roadmap(session, year)
    if year > FIRST_YEAR and not has_one:
        ahead = [one for one in recurring(year) if one[0]["due_on"] >= constituted_on]
        day = now.astimezone(MOSCOW).date()
        await make_roadmap(session, code, year, ahead, made_on=day)
    facts = facts_of(association, AssociationEvent)
    await outbox.add(session, [AssociationConstituted(**facts, occurred_at=now)])
    return association
