"""Working groups report to milestones; events and projects reach people."""

from datetime import date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.appointments import DatesReversed
from services.directory.domain.associations import check_constituted
from services.directory.domain.roadmaps import GroupReportedAlready
from services.directory.domain.tenures import check_order
from services.directory.models import Activity, Direction, GroupReport, Milestone, WorkingGroup
from services.directory.repository import associated
from services.directory.schemas.activities import (
    ActivityCreate,
    ActivityPatch,
    GroupCreate,
    GroupPatch,
    GroupReportCreate,
)
from services.directory.service.associations import association_of, check_people
from services.directory.service.rows import update
from shared.auth import Actor
from shared.clock import MOSCOW
from shared.errors import expect_version
from shared.ids import new_id


async def form_group(
    session: AsyncSession, code: str, wanted: GroupCreate, actor: Actor
) -> WorkingGroup:
    """Form a working group of a direction.

    Raises `AssociationNotFound`, `AssociationNotConstituted`, `RowNotOfAssociation`,
    `UnknownPerson`, `PersonErased`, `DatesReversed`.
    """
    association = await association_of(session, code, actor)
    check_constituted(association.name, association.constituted_on, wanted.valid_from)
    await associated.get_own(session, Direction, code, wanted.direction_id)
    await check_people(session, [wanted.lead_id], actor, field="body.lead_id")
    await check_people(session, wanted.members, actor, field="body.members")
    check_order(wanted.valid_from, wanted.valid_to)
    group = WorkingGroup(id=new_id(), association=code, **wanted.model_dump())
    session.add(group)
    await session.flush()
    return group


async def change_group(
    session: AsyncSession,
    code: str,
    group_id: UUID,
    wanted: GroupPatch,
    actor: Actor,
    *,
    expected_version: int | None,
) -> WorkingGroup:
    """Change what is named; a longer term is new work for whoever is in the group.

    Raises `AssociationNotFound`, `RowNotOfAssociation`, `VersionMismatch`, `UnknownPerson`,
    `PersonErased`, `DatesReversed`.
    """
    await association_of(session, code, actor)
    group = await associated.get_own(session, WorkingGroup, code, group_id)
    expect_version(group.version, expected_version)
    lasts_longer = wanted.valid_to is not None and wanted.valid_to > group.valid_to
    if wanted.lead_id is not None or lasts_longer:
        lead = wanted.lead_id or group.lead_id
        await check_people(session, [lead], actor, field="body.lead_id")
    if wanted.members is not None or lasts_longer:
        members = wanted.members or group.members
        await check_people(session, members, actor, field="body.members")
    check_order(group.valid_from, wanted.valid_to)
    if update(group, wanted.model_dump(exclude_unset=True)):
        group.version += 1
        await session.flush()
    return group


async def report(
    session: AsyncSession,
    code: str,
    group_id: UUID,
    wanted: GroupReportCreate,
    actor: Actor,
    *,
    now: datetime,
) -> GroupReport:
    """Report interim results to a milestone, once for each.

    Raises `AssociationNotFound`, `RowNotOfAssociation`, `GroupReportedAlready`.
    """
    await association_of(session, code, actor)
    await associated.get_own(session, WorkingGroup, code, group_id)
    await associated.get_own(session, Milestone, code, wanted.milestone_id)
    made = GroupReport(
        id=new_id(),
        association=code,
        group_id=group_id,
        milestone_id=wanted.milestone_id,
        summary=wanted.summary,
        link=str(wanted.link) if wanted.link else None,
        reported_on=now.astimezone(MOSCOW).date(),
    )
    if not await associated.insert_free(session, made):
        raise GroupReportedAlready("К этой вехе группа уже отчиталась.", field="body.milestone_id")
    return made


def _check_days(starts_on: date, ends_on: date) -> None:
    if ends_on < starts_on:
        raise DatesReversed(
            f"Последний день раньше первого ({starts_on:%d.%m.%Y}).", field="body.ends_on"
        )


async def enter_activity(
    session: AsyncSession, code: str, wanted: ActivityCreate, actor: Actor
) -> Activity:
    """Enter a session, an event or a project.

    Raises `AssociationNotFound`, `AssociationNotConstituted`, `RowNotOfAssociation`,
    `DatesReversed`.
    """
    association = await association_of(session, code, actor)
    check_constituted(association.name, association.constituted_on, wanted.ends_on)
    if wanted.milestone_id is not None:
        await associated.get_own(session, Milestone, code, wanted.milestone_id)
    _check_days(wanted.starts_on, wanted.ends_on)
    values = wanted.model_dump() | {"link": str(wanted.link) if wanted.link else None}
    activity = Activity(id=new_id(), association=code, **values)
    session.add(activity)
    await session.flush()
    return activity


async def change_activity(
    session: AsyncSession,
    code: str,
    activity_id: UUID,
    wanted: ActivityPatch,
    actor: Actor,
    *,
    expected_version: int | None,
) -> Activity:
    """Change what is named. Raises `AssociationNotFound`, `RowNotOfAssociation`,
    `VersionMismatch`, `DatesReversed`.
    """
    await association_of(session, code, actor)
    activity = await associated.get_own(session, Activity, code, activity_id)
    expect_version(activity.version, expected_version)
    _check_days(wanted.starts_on or activity.starts_on, wanted.ends_on or activity.ends_on)
    if update(activity, wanted.model_dump(exclude_unset=True)):
        activity.version += 1
        await session.flush()
    return activity
