"""Lists of clusters: compared with the directory, entered into it, and written from it."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.cluster_lists import FIELDS, ClusterPlanner, step_of
from services.directory.domain.clusters import STATUS_NAMES, ClusterAction, ClusterStatus
from services.directory.domain.imports import Facts, Plan, RowAction
from services.directory.models import Cluster
from services.directory.repository import lists as repository
from services.directory.schemas.clusters import ClusterCreate, ClusterPatch, ClusterStep
from services.directory.service import cluster_life, clusters
from shared.clock import MOSCOW
from shared.listings.cells import ListedRow, folded
from shared.spreadsheets import Column, Kind, Shape, Sheet, write_whole


async def planner(session: AsyncSession, rows: Sequence[ListedRow], day: date) -> ClusterPlanner:
    """What compares the rows with the directory as it is on the day."""
    return ClusterPlanner(await repository.known_clusters(session, day), rows)


async def enter(
    session: AsyncSession, plans: Sequence[Plan], *, source: str, by: str, now: datetime
) -> None:
    """Do what the plans say: new clusters all at once, changes by the commands of their lives.

    Raises what these do.
    """
    colleges = await repository.college_ids(session)
    wanted = [_created(plan, colleges) for plan in plans if plan.action is RowAction.CREATE]
    await clusters.register_clusters(session, wanted, by=by, now=now)
    for plan in plans:
        if plan.action is RowAction.CHANGE:
            await _change(session, plan, colleges, source=source, by=by, now=now)


def _college(after: Facts, colleges: Mapping[str, UUID]) -> UUID | None:
    code = after["core_college"]
    return None if code is None else colleges[str(code)]


def _created(plan: Plan, colleges: Mapping[str, UUID]) -> ClusterCreate:
    assert plan.after is not None
    facts = {name: value for name, value in plan.after.items() if name != "core_college"}
    return ClusterCreate.model_validate(
        {**facts, "core_college_id": _college(plan.after, colleges)}
    )


async def _change(
    session: AsyncSession,
    plan: Plan,
    colleges: Mapping[str, UUID],
    *,
    source: str,
    by: str,
    now: datetime,
) -> None:
    before, after, target = plan.before, plan.after, plan.target
    assert before is not None
    assert after is not None
    assert target is not None
    step = step_of(before, after)
    changes: dict[str, object] = {}
    if after["name"] != before["name"]:
        changes["name"] = after["name"]
    # A closed one loses its college by being closed.
    if after["core_college"] != before["core_college"] and step is not ClusterAction.CLOSE:
        changes["core_college_id"] = _college(after, colleges)
    if changes:
        patch = ClusterPatch.model_validate(changes)
        await clusters.change_cluster(session, target, patch, by=by, now=now, expected_version=None)
    if step is not None:
        wanted = ClusterStep(reason=f"По списку «{source}»")
        await cluster_life.take_step(
            session, target, step, wanted, by=by, now=now, expected_version=None
        )


@dataclass(frozen=True, slots=True)
class _Line:
    cluster: Cluster
    region: str
    industry: str
    college: str | None


_CELLS: Final = {
    "code": (18, lambda line: line.cluster.code),
    "name": (60, lambda line: line.cluster.name),
    "region": (36, lambda line: line.region),
    "industry": (36, lambda line: line.industry),
    "cohort": (12, lambda line: line.cluster.cohort),
    "status": (18, lambda line: STATUS_NAMES[line.cluster.status]),
    "core_college": (48, lambda line: line.college),
}
# The very headings an import understands.
COLUMNS: Final = tuple(
    Column(
        field.aliases[0],
        Shape.NUMBER if field.name == "cohort" else Shape.TEXT,
        *_CELLS[field.name],
    )
    for field in FIELDS
)


def filename(kind: Kind, now: datetime) -> str:
    """What the browser calls the file."""
    return f"Кластеры {now.astimezone(MOSCOW):%d.%m.%Y}.{kind.ending}"


async def export(
    session: AsyncSession,
    kind: Kind,
    day: date,
    *,
    region: str | None,
    industry: str | None,
    cohort: int | None,
    status: ClusterStatus | None,
) -> IO[bytes]:
    """The clusters of the day as a file that an import reads back; who gets it closes it."""
    found = await repository.clusters_for_export(
        session, day, region=region, industry=industry, cohort=cohort, status=status
    )
    known = await repository.known_clusters(session, day)
    named = Counter(folded(college.name) for college in known.colleges)
    lines = [
        _Line(
            cluster,
            region_name,
            industry_name,
            # A name two colleges have would not be understood.
            (college.name if named[folded(college.name)] == 1 else college.code)
            if college
            else None,
        )
        for cluster, region_name, industry_name, college in found
    ]
    return await asyncio.to_thread(write_whole, kind, Sheet("Кластеры", COLUMNS), lines)
