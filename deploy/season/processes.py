"""The cross-cutting processes' part of the season: cyclograms of the cohorts, and who is where.

Templates and catalogue are the shipped examples, marked as such.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, Final

from deploy.season.api import Api
from deploy.season.model import is_at_work
from deploy.season.people import ADMIN
from deploy.season.plan import COHORTS, FIRST_DAY, LAST_DAY, MOSCOW, Cluster, Season
from shared.workdays import preceding_working_day

_TOLD: Final = ("workshops", "curricula")


class Processes:
    """Clusters say where they are in two of the processes, on the days the seed gives them."""

    def __init__(self, api: Api, season: Season, clusters: Mapping[str, str]) -> None:
        self._api = api
        self._season = season
        self._clusters = clusters
        self._days: dict[date, list[tuple[Cluster, str, str]]] | None = None

    async def on(self, day: date) -> None:
        """Raises `Refused`."""
        at = datetime.combine(day, time(16), MOSCOW)
        if self._days is None:
            await self._api.post(ADMIN, "meetings", "/v1/examples/load", at=at)
            self._days = await self._plan()
        await asyncio.gather(*(self._say(*one, at) for one in self._days.pop(day, ())))

    async def _plan(self) -> dict[date, list[tuple[Cluster, str, str]]]:
        found = await self._api.get(ADMIN, "meetings", "/v1/processes")
        stages = {one["code"]: [stage["code"] for stage in one["stages"]] for one in found["items"]}
        dice = Random(f"{self._season.seed}:processes")
        days: dict[date, list[tuple[Cluster, str, str]]] = defaultdict(list)
        for cluster in self._season.clusters:
            for process in _TOLD:
                # The first year's clusters are further along; some never say anything.
                for stage in stages[process][: 2 if cluster.cohort == COHORTS[0] else 1]:
                    if dice.random() < 0.15:
                        break
                    after = dice.randrange(7, (LAST_DAY - FIRST_DAY).days)
                    day = preceding_working_day(FIRST_DAY + timedelta(days=after))
                    if is_at_work(self._season, cluster, day):
                        days[day].append((cluster, process, stage))
        return days

    async def _say(self, cluster: Cluster, process: str, stage: str, at: datetime) -> None:
        cluster_id = self._clusters[cluster.code]
        path = f"/v1/processes/{process}/clusters/{cluster_id}/stages/{stage}"
        body: Mapping[str, Any] = {
            "state": "done",
            "on": at.date().isoformat(),
            "evidence": "https://example.org/act.pdf",
        }
        await self._api.put(f"cluster-{cluster_id}", "meetings", path, body, at=at)
