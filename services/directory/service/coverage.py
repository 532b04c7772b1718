"""What the model of management lacks on a day, region by region and cluster by cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.coverage import GAP_NAMES, OF_CLUSTERS, OF_REGIONS, OFFICES, Gap
from services.directory.models import Region
from services.directory.repository import coverage as repository
from services.directory.repository.clusters import curated, related

SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Lacking:
    """A region (by its code) or a cluster that lacks something."""

    region: str
    name: str
    cluster_id: UUID | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """Of how many, how many lack it; and which, up to `SHOWN`."""

    kind: Gap
    name: str
    total: int
    missing: int
    items: Sequence[Lacking]


async def coverage(session: AsyncSession, at: date) -> Sequence[Missing]:
    """Every gap on the day."""
    regions = await repository.count_regions(session)
    clusters = await repository.count_clusters(session, at)
    found = dict[Gap, Missing]()
    for kind, office in OFFICES.items():
        vacant = await repository.regions_without_office(session, office, at)
        found[kind] = _of_regions(kind, regions, vacant)
    for kind, relation in OF_REGIONS.items():
        vacant = await repository.regions_without_relation(session, relation, at)
        found[kind] = _of_regions(kind, regions, vacant)
    had = {kind: related([relation], at) for kind, relation in OF_CLUSTERS.items()}
    for kind, has in {**had, Gap.CURATOR: curated(at)}.items():
        missing, rows = await repository.clusters_without(session, has, at, limit=SHOWN)
        items = [Lacking(row.region, row.name, row.id, row.code) for row in rows]
        found[kind] = Missing(kind, GAP_NAMES[kind], clusters, missing, items)
    return [found[kind] for kind in Gap]


def _of_regions(kind: Gap, total: int, vacant: Sequence[Region]) -> Missing:
    items = [Lacking(region.code, region.name) for region in vacant]
    return Missing(kind, GAP_NAMES[kind], total, len(vacant), items)
