"""Annual reports: assembled from the year's work, approved with a hash, published; and the next
year's roadmap that is made of one.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain import mentorships, practices
from services.directory.domain.annual_reports import (
    ReportApprovedAlready,
    ReportNotApproved,
    ReportPublishedAlready,
    ReportStatus,
    RoadmapMadeAlready,
    YearNotBegun,
    hash_of,
)
from services.directory.domain.associations import check_constituted
from services.directory.domain.practices import PracticeStatus, mean_hundredths
from services.directory.domain.roadmaps import MilestoneState, Rule
from services.directory.models import AnnualReport, Association, Membership, PracticeReview
from services.directory.repository import annual_reports as repository
from services.directory.repository import associations as associations_repository
from services.directory.repository import practices as practices_repository
from services.directory.repository import roadmaps as roadmaps_repository
from services.directory.repository.annual_reports import ReportNotFound
from services.directory.service.associations import association_of, reaches
from services.directory.service.roadmaps import (
    Planned,
    Standing,
    make_roadmap,
    plain,
    recurring,
    standings,
)
from services.directory.service.rows import facts_of
from shared import outbox
from shared.auth import Actor, Rows
from shared.clock import MOSCOW
from shared.errors import expect_version
from shared.events.directory import ReportApproved, ReportEvent, ReportPublished
from shared.ids import new_id

# What was left undone is to be done by the end of the next year's first quarter.
_CARRIED_UNTIL: Final = (3, 31)


async def assemble(
    session: AsyncSession, code: str, year: int, actor: Actor, *, now: datetime
) -> AnnualReport:
    """Write the draft anew from what there is; the first time it is made.

    Raises `AssociationNotFound`, `YearNotBegun`, `AssociationNotConstituted`,
    `ReportApprovedAlready`.
    """
    association = await association_of(session, code, actor)
    today = now.astimezone(MOSCOW).date()
    if year > today.year:
        raise YearNotBegun(f"{year} год ещё не начался, отчитываться не о чем.")
    at = min(today, date(year, 12, 31))
    check_constituted(association.name, association.constituted_on, at)
    draft = AnnualReport(
        id=new_id(),
        association=code,
        year=year,
        status=ReportStatus.DRAFT,
        content={},
        assembled_at=now,
        version=0,
    )
    await repository.insert_report(session, draft)
    report = await repository.find_report(session, code, year, for_update=True)
    if report.status is not ReportStatus.DRAFT:
        raise ReportApprovedAlready(f"Отчёт за {year} год утверждён и больше не меняется.")
    report.content = await _content(session, association, year, at)
    report.assembled_at = now
    report.version += 1
    await session.flush()
    return report


async def _content(
    session: AsyncSession, association: Association, year: int, at: date
) -> dict[str, Any]:
    """Everything the report says, as plain JSON: days are ISO dates, nobody is named.

    Nothing in it is of a day after `at`: whenever it is assembled, it says the same of the year.
    """
    code = association.code
    activities = await repository.activities_of(session, code, year, at)
    return {
        "association": code,
        "name": association.name,
        "year": year,
        "as_of": at.isoformat(),
        "membership": await _membership(session, code, year, at),
        "curators": await _curators(session, code, at),
        "directions": [row.name for row in await repository.directions_until(session, code, at)],
        "groups": await _groups(session, code, at),
        "activities": [
            {
                "kind": row.kind.value,
                "title": row.title,
                "starts_on": row.starts_on.isoformat(),
                "ends_on": row.ends_on.isoformat(),
                "participants": row.participants,
                "audience": row.audience,
            }
            for row in activities
        ],
        "reach": {
            "participants": sum(row.participants for row in activities),
            "audience": sum(row.audience for row in activities),
        },
        "practices": await _practices(session, code, year, at),
        "mentorships": await _mentorships(session, code, year, at),
        "leaders": [
            {"kind": row.kind.value, "subject": row.subject, "basis": row.basis}
            for row in await repository.leaders_of(session, code, year, at)
        ],
        "milestones": [_milestone(one) for one in await standings(session, year, [code], at)],
    }


def _milestone(standing: Standing) -> dict[str, Any]:
    found = plain(standing)
    return {
        "code": found["code"],
        "title": found["title"],
        "owner": found["owner"],
        "due_on": found["due_on"].isoformat(),
        "subject_year": found["subject_year"],
        "state": found["state"].value,
        "done_on": found["done_on"].isoformat() if found["done_on"] else None,
        "deliverables": [
            {
                "rule": one["rule"].value,
                "title": one["title"],
                "is_there": bool(one["fulfilled_on"]),
            }
            for one in found["deliverables"]
        ],
    }


async def _membership(session: AsyncSession, code: str, year: int, at: date) -> dict[str, Any]:
    rows = await repository.memberships_until(session, code, at)
    clusters = await repository.clusters_by_id(session, {row.cluster_id for row in rows})

    def held(day: date) -> int:
        return sum(
            row.valid_from <= day and (row.valid_to is None or row.valid_to >= day) for row in rows
        )

    def line(row: Membership, day: date) -> dict[str, Any]:
        cluster = clusters[row.cluster_id]
        return {
            "cluster": cluster.code,
            "name": cluster.name,
            "region": cluster.region,
            "cohort": cluster.cohort,
            "on": day.isoformat(),
        }

    return {
        "at_start": held(date(year, 1, 1)),
        "at_end": held(at),
        "joined": [line(row, row.valid_from) for row in rows if row.valid_from.year == year],
        "left": [
            line(row, row.valid_to)
            for row in rows
            if row.valid_to is not None and row.valid_to.year == year and row.valid_to <= at
        ],
    }


async def _curators(session: AsyncSession, code: str, at: date) -> dict[str, int]:
    found = await associations_repository.list_curated(session, code, at)
    curated = sum(curator is not None for _, curator, _ in found)
    return {"clusters": len(found), "with_curator": curated}


async def _groups(session: AsyncSession, code: str, at: date) -> list[dict[str, Any]]:
    directions = {row.id: row.name for row in await repository.directions_until(session, code, at)}
    reports = await repository.group_reports_until(session, code, at)
    return [
        {
            "name": group.name,
            "direction": directions.get(group.direction_id),
            "members": len(group.members),
            "valid_from": group.valid_from.isoformat(),
            "valid_to": group.valid_to.isoformat(),
            "reports": [
                {
                    "milestone": title,
                    "summary": report.summary,
                    "on": report.reported_on.isoformat(),
                }
                for report, title in reports
                if report.group_id == group.id
            ],
        }
        for group in await repository.groups_until(session, code, at)
    ]


async def _practices(session: AsyncSession, code: str, year: int, at: date) -> list[dict[str, Any]]:
    rows = await repository.practices_of(session, code, year, at)
    clusters = await repository.clusters_by_id(session, {row.cluster_id for row in rows})
    reviews = await repository.reviews_until(session, rows, at)
    ids = [row.id for row in rows]
    taken = await practices_repository.replication_counts(session, ids, until=at)
    found = []
    for row in rows:
        status = practices.status_as_of(
            row.status,
            row.decided_on,
            at,
            undecided=await _reviewed(session, reviews[row.id]),
            replications=taken.get(row.id, 0),
        )
        found.append(
            {
                "title": row.title,
                "cluster": clusters[row.cluster_id].code,
                "status": status.value,
                "mean_hundredths": mean_hundredths([one.points for one in reviews[row.id]]),
                "replications": taken.get(row.id, 0),
            }
        )
    return found


async def _reviewed(session: AsyncSession, reviews: Sequence[PracticeReview]) -> PracticeStatus:
    """What these reviews made of a practice, by the policy of the last one's day."""
    if not reviews:
        return PracticeStatus.NOMINATED
    policy = await roadmaps_repository.policy_at(session, reviews[-1].reviewed_on)
    return practices.after_review(len(reviews), policy)


async def _mentorships(
    session: AsyncSession, code: str, year: int, at: date
) -> list[dict[str, Any]]:
    rows = await repository.mentorships_of(session, code, year, at)
    named = {one for row in rows for one in (row.from_cluster_id, row.to_cluster_id)}
    clusters = await repository.clusters_by_id(session, named)
    return [
        {
            "from": clusters[row.from_cluster_id].code,
            "to": clusters[row.to_cluster_id].code,
            "topic": row.topic,
            "status": mentorships.status_as_of(row.completed_on, row.confirmed_on, at).value,
            "outcome": row.outcome if row.completed_on and row.completed_on <= at else None,
        }
        for row in rows
    ]


async def read(session: AsyncSession, code: str, year: int, actor: Actor) -> AnnualReport:
    """A report within the actor's reach; a published one is addressed to everyone.

    Raises `AssociationNotFound`, `ReportNotFound`.
    """
    if Rows.OWN in actor.rows:
        await associations_repository.get_association(session, code)
    else:
        await association_of(session, code, actor)
    report = await repository.find_report(session, code, year)
    if report.status is not ReportStatus.PUBLISHED and not reaches(actor, code):
        raise ReportNotFound(f"Отчёта за {year} год у ассоциации нет.")
    return report


async def _tell(
    session: AsyncSession, kind: type[ReportEvent], report: AnnualReport, now: datetime
) -> None:
    facts = facts_of(report, ReportEvent) | {"report_id": report.id, "occurred_at": now}
    await outbox.add(session, [kind.model_validate(facts)])


async def approve(
    session: AsyncSession,
    code: str,
    year: int,
    actor: Actor,
    *,
    now: datetime,
    expected_version: int | None,
) -> AnnualReport:
    """Approve the draft as it was read; from here on it is immutable.

    Raises `ReportNotFound`, `VersionMismatch`, `ReportApprovedAlready`.
    """
    report = await repository.find_report(session, code, year, for_update=True)
    expect_version(report.version, expected_version)
    if report.status is not ReportStatus.DRAFT:
        raise ReportApprovedAlready(f"Отчёт за {year} год уже утверждён.")
    report.status = ReportStatus.APPROVED
    report.content_hash = hash_of(report.content)
    report.approved_by, report.approved_at = actor.id, now
    report.version += 1
    await session.flush()
    await _tell(session, ReportApproved, report, now)
    return report


async def publish(
    session: AsyncSession, code: str, year: int, *, now: datetime, expected_version: int | None
) -> AnnualReport:
    """Show the approved report to everyone.

    Raises `ReportNotFound`, `VersionMismatch`, `ReportNotApproved`, `ReportPublishedAlready`.
    """
    report = await repository.find_report(session, code, year, for_update=True)
    expect_version(report.version, expected_version)
    if report.status is ReportStatus.DRAFT:
        raise ReportNotApproved("Сначала отчёт утверждают.")
    if report.status is ReportStatus.PUBLISHED:
        raise ReportPublishedAlready(f"Отчёт за {year} год уже опубликован.")
    report.status, report.published_at = ReportStatus.PUBLISHED, now
    report.version += 1
    await session.flush()
    await _tell(session, ReportPublished, report, now)
    return report


async def plan_next_year(
    session: AsyncSession, code: str, year: int, actor: Actor, *, now: datetime
) -> list[Standing]:
    """Make the next year's roadmap: what comes every year, and what the report says is late.

    Raises `AssociationNotFound`, `ReportNotFound`, `ReportNotApproved`, `RoadmapMadeAlready`.
    """
    await association_of(session, code, actor)
    report = await repository.find_report(session, code, year, for_update=True)
    if report.status is ReportStatus.DRAFT:
        raise ReportNotApproved("Дорожная карта составляется по утверждённому отчёту.")
    if code in await roadmaps_repository.associations_with_roadmap(session, year + 1):
        raise RoadmapMadeAlready(f"Дорожная карта на {year + 1} год уже есть.")
    day = now.astimezone(MOSCOW).date()
    planned = [*recurring(year + 1), *_carried(report)]
    await make_roadmap(session, code, year + 1, planned, made_on=day)
    return await standings(session, year + 1, [code], day)


def _carried(report: AnnualReport) -> list[Planned]:
    """What the report says is late, with the same deliverables of the same year."""
    return [
        (
            {
                "code": f"carried-{one['code']}",
                "title": f"Перенесено с {report.year} г.: {one['title']}",
                "owner": one["owner"],
                "due_on": date(report.year + 1, *_CARRIED_UNTIL),
                "subject_year": one["subject_year"],
            },
            [(Rule(part["rule"]), part["title"]) for part in one["deliverables"]],
        )
        for one in report.content["milestones"]
        if one["state"] == MilestoneState.LATE
    ]
