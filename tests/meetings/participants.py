"""What tests of participants share: a meeting with some expected at it, and where each stands."""

from typing import Any

import httpx
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.repository import directory
from shared.events.directory import ClusterChanged
from tests.conftest import Headers
from tests.meetings.factories import appointment, cluster, hear_directory, region, schedule

# By the cluster's number.
NAMES = {
    1: "Кластер «Машиностроение Прикамья»",
    2: "Кластер «Химия Поволжья»",
    3: "Кластер «Лёгкая промышленность Самары»",
}


async def convene(client: httpx.AsyncClient, session: AsyncSession, actor: Headers) -> str:
    """A unified meeting at which clusters 1 and 2 of region 16 and 3 of region 63 are expected."""
    await hear_directory(session)
    await directory.keep_regions(
        session,
        [
            region("16", version=2, name="Республика Татарстан"),
            region("63", version=2, name="Самарская область"),
        ],
    )
    places: list[dict[str, Any]] = [{}, {"cohort": 2023}, {"region": "63"}]
    renamed = [
        cluster(number, kind=ClusterChanged, version=2, name=name, **facts)
        for (number, name), facts in zip(NAMES.items(), places, strict=True)
    ]
    await directory.keep_clusters(session, renamed)
    await directory.keep_appointments(
        session, [appointment(1, "16"), appointment(2, "63", until="2023-10-03")]
    )
    return await schedule(client, actor)


async def seats_of(client: httpx.AsyncClient, actor: Headers, meeting_id: str) -> list[Any]:
    """Everyone expected whom the actor may see."""
    answer = await client.get(f"/v1/meetings/{meeting_id}/participants", headers=actor)
    assert answer.status_code == 200, answer.text
    found: list[Any] = answer.json()["items"]
    return found
