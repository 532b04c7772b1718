"""Statements of the facts by which milestones are done, for several associations at once."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.annual_reports import ReportStatus
from services.directory.domain.clusters import ClusterStatus
from services.directory.domain.mandates import MandateKind
from services.directory.domain.roadmaps import Facts, Term
from services.directory.models import (
    Activity,
    AnnualReport,
    Association,
    Cluster,
    ClusterTenure,
    Direction,
    GroupReport,
    Mandate,
    Membership,
    Milestone,
    WorkingGroup,
)
from shared.clock import MOSCOW


async def facts_of_all(session: AsyncSession, codes: Collection[str]) -> dict[str, Facts]:
    """What exists in each of the associations, whatever its day."""
    found = {code: Facts() for code in codes}
    await _lists(session, found)
    await _work(session, found)
    await _members(session, found)
    await _papers(session, found)
    return found


def _select(*columns: Any) -> Any:
    """A selection whose rows are taken apart by hand."""
    return select(*columns)


async def _rows(
    session: AsyncSession, found: dict[str, Facts], statement: Any, association: Any
) -> Sequence[Any]:
    """The statement's rows for the associations asked about; the code comes first in each."""
    listed: Sequence[Any] = (await session.exec(statement.where(col(association).in_(found)))).all()
    return listed


async def _lists(session: AsyncSession, found: dict[str, Facts]) -> None:
    """Directions, groups, responsible people."""
    directions = _select(Direction.association, Direction.valid_from, Direction.valid_to)
    for code, first, last in await _rows(session, found, directions, Direction.association):
        found[code].directions.append(Term(first, last))
    groups = _select(
        WorkingGroup.association, WorkingGroup.id, WorkingGroup.valid_from, WorkingGroup.valid_to
    )
    for code, group, first, last in await _rows(session, found, groups, WorkingGroup.association):
        found[code].groups[group] = Term(first, last)
    people = _select(Mandate.association, Mandate.valid_from, Mandate.valid_to).where(
        Mandate.kind == MandateKind.RESPONSIBLE
    )
    for code, first, last in await _rows(session, found, people, Mandate.association):
        found[code].responsibles.append(Term(first, last))


async def _work(session: AsyncSession, found: dict[str, Facts]) -> None:
    """Interim reports, and what was held for a milestone."""
    reports = _select(
        GroupReport.association,
        GroupReport.milestone_id,
        GroupReport.group_id,
        GroupReport.reported_on,
    )
    for code, milestone, group, day in await _rows(
        session, found, reports, GroupReport.association
    ):
        found[code].reports[milestone, group] = day
    held = (
        _select(
            Activity.association, Activity.kind, Activity.milestone_id, func.min(Activity.ends_on)
        )
        .where(col(Activity.milestone_id).is_not(None))
        .group_by(col(Activity.association), col(Activity.kind), col(Activity.milestone_id))
    )
    for code, kind, milestone, day in await _rows(session, found, held, Activity.association):
        found[code].activities[kind, milestone] = day


async def _members(session: AsyncSession, found: dict[str, Facts]) -> None:
    """Clusters of the industry, when each first acted and was closed, and when it first joined."""

    def first(status: ClusterStatus) -> Any:
        is_it = col(ClusterTenure.status) == status
        return func.min(ClusterTenure.valid_from).filter(is_it)

    clusters = (
        _select(
            Cluster.industry,
            Cluster.id,
            Cluster.cohort,
            first(ClusterStatus.ACTIVE),
            first(ClusterStatus.CLOSED),
        )
        .join(ClusterTenure, col(ClusterTenure.cluster_id) == col(Cluster.id))
        .group_by(col(Cluster.id))
    )
    for code, cluster, cohort, active, closed in await _rows(
        session, found, clusters, Cluster.industry
    ):
        found[code].clusters[cluster] = (cohort, active)
        if closed is not None:
            found[code].closed[cluster] = closed
    joined = _select(
        Membership.association, Membership.cluster_id, func.min(Membership.valid_from)
    ).group_by(col(Membership.association), col(Membership.cluster_id))
    for code, cluster, day in await _rows(session, found, joined, Membership.association):
        found[code].joined[cluster] = day


async def _papers(session: AsyncSession, found: dict[str, Facts]) -> None:
    """The founding, approved reports, roadmaps."""
    founded = _select(Association.code, Association.constituted_on)
    for code, day in await _rows(session, found, founded, Association.code):
        found[code].constituted_on = day
    approved = _select(AnnualReport.association, AnnualReport.year, AnnualReport.approved_at).where(
        AnnualReport.status != ReportStatus.DRAFT
    )
    for code, year, instant in await _rows(session, found, approved, AnnualReport.association):
        found[code].approved[year] = instant.astimezone(MOSCOW).date()
    roadmaps = _select(Milestone.association, Milestone.year, func.min(Milestone.made_on)).group_by(
        col(Milestone.association), col(Milestone.year)
    )
    for code, year, day in await _rows(session, found, roadmaps, Milestone.association):
        found[code].roadmaps[year] = day
