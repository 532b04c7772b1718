"""Statements of annual reports: the rows themselves, and what they are assembled from."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import extract
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.leaders import LeaderStatus
from services.directory.models import (
    Activity,
    AnnualReport,
    Cluster,
    Direction,
    GroupReport,
    Leader,
    Membership,
    Mentorship,
    Milestone,
    Practice,
    PracticeReview,
    WorkingGroup,
)
from shared.errors import NotFound


class ReportNotFound(NotFound):
    """There is no report for the year, or it is not for the caller to read yet."""

    code = "report_not_found"
    title = "Отчёт не найден"


async def find_report(
    session: AsyncSession, association: str, year: int, *, for_update: bool = False
) -> AnnualReport:
    """Raises `ReportNotFound`."""
    statement = select(AnnualReport).where(
        AnnualReport.association == association, AnnualReport.year == year
    )
    if for_update:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = (await session.exec(statement)).first()
    if found is None:
        raise ReportNotFound(f"Отчёта за {year} год у ассоциации нет.")
    return found


async def insert_report(session: AsyncSession, report: AnnualReport) -> None:
    """Insert the draft unless the year has a report."""
    statement = upsert(AnnualReport).values(report.model_dump())
    await session.exec(statement.on_conflict_do_nothing())


async def clusters_by_id(session: AsyncSession, ids: Collection[UUID]) -> dict[UUID, Cluster]:
    """These clusters, whatever has become of them: the industry of one may be another today."""
    rows = (await session.exec(select(Cluster).where(col(Cluster.id).in_(ids)))).all()
    return {row.id: row for row in rows}


async def memberships_until(session: AsyncSession, code: str, at: date) -> Sequence[Membership]:
    """Memberships that had begun by the day, in the order of joining."""
    statement = (
        select(Membership)
        .where(Membership.association == code, Membership.valid_from <= at)
        .order_by(col(Membership.valid_from), col(Membership.id))
    )
    return (await session.exec(statement)).all()


async def directions_until(session: AsyncSession, code: str, at: date) -> Sequence[Direction]:
    """Directions that had been named by the day."""
    statement = (
        select(Direction)
        .where(Direction.association == code, Direction.valid_from <= at)
        .order_by(col(Direction.id))
    )
    return (await session.exec(statement)).all()


async def groups_until(session: AsyncSession, code: str, at: date) -> Sequence[WorkingGroup]:
    """Groups that had begun by the day."""
    statement = (
        select(WorkingGroup)
        .where(WorkingGroup.association == code, WorkingGroup.valid_from <= at)
        .order_by(col(WorkingGroup.id))
    )
    return (await session.exec(statement)).all()


async def group_reports_until(
    session: AsyncSession, code: str, at: date
) -> Sequence[tuple[GroupReport, str]]:
    """Interim reports made by the day, each with its milestone's title."""
    statement = (
        select(GroupReport, Milestone.title)
        .join(Milestone, col(Milestone.id) == GroupReport.milestone_id)
        .where(GroupReport.association == code, GroupReport.reported_on <= at)
        .order_by(col(GroupReport.id))
    )
    return (await session.exec(statement)).all()


async def of_year(
    session: AsyncSession, model: Any, column: Any, code: str, year: int, at: date
) -> Sequence[Any]:
    """The association's rows whose day lies in the year, and not after the day."""
    statement = (
        select(model)
        .where(model.association == code, extract("year", column) == year, column <= at)
        .order_by(column, col(model.id))
    )
    return (await session.exec(statement)).all()


async def activities_of(
    session: AsyncSession, code: str, year: int, at: date
) -> Sequence[Activity]:
    """Held or run in the year, by their last day."""
    return await of_year(session, Activity, Activity.ends_on, code, year, at)


async def practices_of(session: AsyncSession, code: str, year: int, at: date) -> Sequence[Practice]:
    """Nominated in the year."""
    return await of_year(session, Practice, Practice.nominated_on, code, year, at)


async def mentorships_of(
    session: AsyncSession, code: str, year: int, at: date
) -> Sequence[Mentorship]:
    """Started in the year."""
    return await of_year(session, Mentorship, Mentorship.started_on, code, year, at)


async def reviews_until(
    session: AsyncSession, practices: Sequence[Practice], at: date
) -> dict[UUID, list[PracticeReview]]:
    """The reviews given by the day, by practice and in the order of making."""
    ids = [practice.id for practice in practices]
    statement = (
        select(PracticeReview)
        .where(col(PracticeReview.practice_id).in_(ids), PracticeReview.reviewed_on <= at)
        .order_by(col(PracticeReview.id))
    )
    found: dict[UUID, list[PracticeReview]] = {one: [] for one in ids}
    for review in (await session.exec(statement)).all():
        found[review.practice_id].append(review)
    return found


async def leaders_of(session: AsyncSession, code: str, year: int, at: date) -> Sequence[Leader]:
    """Confirmed in the year, of the association."""
    found = await of_year(session, Leader, Leader.decided_on, code, year, at)
    return [leader for leader in found if leader.status is LeaderStatus.CONFIRMED]
