"""Lists of clusters: compared with the directory, entered into it, and written from it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, Final

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.cluster_lists import FIELDS, ClusterPlanner, KnownCluster
from services.directory.domain.clusters import STATUS_NAMES
from services.directory.domain.imports import Plan, RowAction
from services.directory.repository import lists as repository
from services.directory.repository.clusters import Wanted
from services.directory.service.cluster_strokes import load
from services.directory.service.days import today
from shared.clock import MOSCOW
from shared.listings.cells import ListedRow, folded
from shared.spreadsheets import Column, Kind, Shape, Sheet, write_whole


async def planner(session: AsyncSession, rows: Sequence[ListedRow], *, day: date) -> ClusterPlanner:
    """What compares the rows with the directory as of the day."""
    return ClusterPlanner(await repository.known_clusters(session, day), rows)


async def enter(
    session: AsyncSession, plans: Sequence[Plan], *, source: str, by: str, now: datetime
) -> None:
    """Do what the plans say, a few statements for all, as of today.

    Raises `ClusterCodeTaken`, `ClusterActionNotAllowed`, `EffectiveTooEarly`,
    `OrganisationNotThere`.
    """
    stroke = await load(session, plans, reason=f"Импорт списка «{source}»", by=by, now=now)
    for plan in plans:
        if plan.action is RowAction.CREATE:
            stroke.register(plan)
        elif plan.action is RowAction.CHANGE:
            stroke.change(plan)
    await stroke.write(session)


@dataclass(frozen=True, slots=True)
class _Line:
    cluster: KnownCluster
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


async def export(session: AsyncSession, kind: Kind, wanted: Wanted, *, now: datetime) -> IO[bytes]:
    """Clusters as they are today, as a file that an import reads back; who gets it closes it."""
    known = await repository.known_clusters(session, today(now), wanted)
    regions = {code: name for code, name, _ in known.regions}
    industries = dict(known.industries)
    named = Counter(folded(college.name) for college in known.colleges)
    colleges: dict[str | None, str] = {
        # A name two colleges have would not be understood.
        college.code: college.name if named[folded(college.name)] == 1 else college.code
        for college in known.colleges
    }
    lines = [
        _Line(one, regions[one.region], industries[one.industry], colleges.get(one.core_college))
        for one in known.clusters
    ]
    return await asyncio.to_thread(write_whole, kind, Sheet("Кластеры", COLUMNS), lines)
