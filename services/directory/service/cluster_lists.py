"""Lists of clusters: compared with the directory, entered into it, and written from it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.cluster_lists import FIELDS, STATUS_NAMES, ClusterPlanner
from services.directory.domain.clusters import ClusterStatus
from services.directory.domain.imports import Facts, Plan, RowAction
from services.directory.models import Cluster
from services.directory.repository import lists as repository
from services.directory.service import clusters
from services.directory.service.rows import update
from shared.clock import MOSCOW
from shared.ids import new_id
from shared.listings.cells import ListedRow, folded
from shared.spreadsheets import Column, Kind, Shape, Sheet, write_whole

_TAKEN_OVER: Final = ("name", "region", "industry", "cohort")


async def planner(session: AsyncSession, rows: Sequence[ListedRow]) -> ClusterPlanner:
    """What compares the rows with the directory as it is now."""
    return ClusterPlanner(await repository.known_clusters(session), rows)


async def enter(session: AsyncSession, plans: Sequence[Plan], *, by: str, now: datetime) -> None:
    """Do what the plans say, a few statements for all. Raises `ClusterCodeTaken`."""
    colleges = await repository.college_ids(session)
    changes = {plan.target: plan for plan in plans if plan.action is RowAction.CHANGE}
    known = await repository.clusters_of(session, [id_ for id_ in changes if id_])
    registered, changed = [], []
    for plan in plans:
        assert plan.after is not None
        values = _values(plan.after, colleges)
        if plan.action is RowAction.CREATE:
            registered.append(
                Cluster(id=new_id(), code=str(plan.after["code"]), registered_at=now, **values)
            )
        elif plan.action is RowAction.CHANGE:
            assert plan.target is not None
            cluster = known[plan.target]
            update(cluster, values)
            changed.append(cluster)
    await clusters.keep(session, registered=registered, changed=changed, now=now)


def _values(after: Facts, colleges: dict[str, Any]) -> dict[str, Any]:
    college = after["core_college"]
    return {
        **{name: after[name] for name in _TAKEN_OVER},
        "status": ClusterStatus(str(after["status"])),
        "core_college_id": None if college is None else colleges[str(college)],
    }


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
    *,
    region: str | None,
    industry: str | None,
    cohort: int | None,
    status: ClusterStatus | None,
) -> IO[bytes]:
    """The clusters as a file that an import reads back; who gets it closes it."""
    found = await repository.clusters_for_export(
        session, region=region, industry=industry, cohort=cohort, status=status
    )
    known = await repository.known_clusters(session)
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
