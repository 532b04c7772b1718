"""What executions are called: their assignment's number and words, their cluster's name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.facts import Facts
from services.rating.models import Assignment, Cluster
from services.rating.repository import assignments, directory


@dataclass(frozen=True, slots=True)
class Names:
    """Names by id; what has not been heard of yet is not there. No score depends on them."""

    assignments: Mapping[UUID, Assignment]
    clusters: Mapping[UUID, Cluster]

    def assignment(self, facts: Facts) -> Assignment | None:
        return self.assignments.get(facts.assignment_id)

    def cluster(self, facts: Facts) -> Cluster | None:
        return self.clusters.get(facts.cluster_id) if facts.cluster_id else None


async def names_of(session: AsyncSession, facts: Iterable[Facts]) -> Names:
    """The names these executions have today."""
    known = list(facts)
    clusters = {one.cluster_id for one in known if one.cluster_id is not None}
    return Names(
        await assignments.assignments_by_id(session, (one.assignment_id for one in known)),
        await directory.clusters_by_id(session, clusters),
    )
