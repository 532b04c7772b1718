"""The copy of the directory does not depend on how its events arrive."""

from collections.abc import Sequence
from itertools import permutations

from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.consumers import events, keep_clusters, keep_regions
from services.meetings.models import KnownCluster, KnownRegion
from shared.envelopes import Message
from shared.events.directory import (
    ClusterChanged,
    ClusterEvent,
    ClusterMerged,
    RegionChanged,
    RegionEvent,
)
from tests.meetings.factories import cluster, cluster_id, region

CLUSTERS: Sequence[ClusterEvent] = (
    cluster(1),
    cluster(1, kind=ClusterChanged, version=2, region="63"),
    cluster(
        1,
        kind=ClusterMerged,
        version=3,
        region="63",
        status="closed",
        merged_into=cluster_id(2),
    ),
    cluster(2),
)
REGIONS: Sequence[RegionEvent] = (
    region("16"),
    RegionChanged(**{**region("16").model_dump(), "version": 2, "name": "Татарстан"}),
    region("63"),
)


async def _known_clusters(session: AsyncSession) -> list[tuple[object, ...]]:
    rows = await session.exec(
        select(
            KnownCluster.cluster_id, KnownCluster.region, KnownCluster.status, KnownCluster.version
        ).order_by(col(KnownCluster.cluster_id))
    )
    return [tuple(row) for row in rows]


async def test_clusters_are_the_same_whatever_the_order_the_batches_and_the_repetitions(
    session: AsyncSession,
) -> None:
    for delivery in permutations([*CLUSTERS, CLUSTERS[1]]):
        for size in (1, 2, len(delivery)):
            await session.exec(delete(KnownCluster))
            for start in range(0, len(delivery), size):
                await keep_clusters(session, delivery[start : start + size])

            assert await _known_clusters(session) == [
                (cluster_id(1), "63", "closed", 3),
                (cluster_id(2), "16", "active", 1),
            ]


async def test_regions_are_the_same_whatever_the_order_and_the_repetitions(
    session: AsyncSession,
) -> None:
    for delivery in permutations([*REGIONS, REGIONS[1]]):
        await session.exec(delete(KnownRegion))
        for event in delivery:
            await keep_regions(session, [event])
        await keep_regions(session, delivery)

        rows = await session.exec(
            select(KnownRegion.code, KnownRegion.version).order_by(col(KnownRegion.code))
        )
        assert [tuple(row) for row in rows] == [("16", 2), ("63", 1)]


async def test_a_whole_country_is_kept_in_one_batch(session: AsyncSession) -> None:
    await keep_clusters(session, [cluster(number) for number in range(2000)])

    assert len(await _known_clusters(session)) == 2000


def test_the_worker_hears_the_directory_and_only_what_it_keeps() -> None:
    assert events.topics == {
        "directory.regions",
        "directory.clusters",
        "directory.appointments",
        "assignments.executions",
    }
    for event, handler in ((CLUSTERS[2], keep_clusters), (REGIONS[0], keep_regions)):
        data = event.model_dump_json().encode()
        message = Message(event.topic, event.partition, event.type, "1", 1, data)
        assert events.parse(message) == (handler, event)
