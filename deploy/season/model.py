"""The model's part of the season: who stands where, and how that changes by the spring.

Supervisory boards, managing companies and core colleges are entered at the start; authorities
are asked for coordinators on 12 September; late in the autumn clusters begin to move.
"""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from deploy.season.api import Api
from deploy.season.lists import enter_lists
from deploy.season.people import ADMIN
from deploy.season.plan import FIRST_DAY, MOSCOW, Cluster, Season

_REQUESTED: Final = date(2023, 9, 12)
_ANSWER_DUE: Final = date(2023, 9, 27)
_REMINDED: Final = date(2023, 9, 28)
_MOVED: Final = date(2023, 11, 14)
_REORGANISED: Final = date(2023, 12, 5)
_MERGED: Final = date(2024, 2, 6)


def _some(season: Season, least: int) -> list[Cluster]:
    """The clusters of the first region that has at least so many; none where no region has."""
    of: dict[str, list[Cluster]] = {}
    for cluster in season.clusters:
        of.setdefault(cluster.region, []).append(cluster)
    return next((found for found in of.values() if len(found) >= least), [])


def is_at_work(season: Season, cluster: Cluster, day: date) -> bool:
    """Whether the cluster is active that day: one is reorganised, and then merged."""
    return day < _REORGANISED or cluster not in _some(season, 3)[1:2]


class Model:
    """Everything that happens to organisations and clusters; `on` does what the day has of it."""

    def __init__(self, api: Api, season: Season, clusters: Mapping[str, str]) -> None:
        self._api = api
        self._season = season
        self._clusters = clusters
        self._companies: dict[str, str] = {}

    async def on(self, day: date) -> None:
        """Raises `Refused`."""
        act = {
            FIRST_DAY: self._settle,
            _REQUESTED: self._ask_authorities,
            _REMINDED: self._remind_authorities,
            _MOVED: self._move,
            _REORGANISED: self._reorganise,
            _MERGED: self._merge,
        }.get(day)
        if act is not None:
            await act(datetime.combine(day, time(15), MOSCOW))

    async def _settle(self, at: datetime) -> None:
        """A board for every region; a managing company and a core college for every cluster."""
        regions = self._season.regions
        await asyncio.gather(*(self._seat_board(one.code, one.name, at) for one in regions))
        await asyncio.gather(*(self._seat_company(one.code, one.name, at) for one in regions))
        colleges = await asyncio.gather(*(self._house(one, at) for one in self._season.clusters))
        # The lists of winners come a second time, with their core colleges filled in.
        named = {
            one.code: college for one, college in zip(self._season.clusters, colleges, strict=True)
        }
        await enter_lists(self._api, self._season.clusters, at + timedelta(minutes=30), named)

    async def _seat_board(self, region: str, name: str, at: datetime) -> None:
        board = await self._organisation(
            f"board-{region}", f"Наблюдательный совет, {name}", "supervisory_board", "tactical",
            region, at,
        )  # fmt: skip
        await self._relate("supervisory_board", board, at, region=region)

    async def _seat_company(self, region: str, name: str, at: datetime) -> None:
        self._companies[region] = await self._organisation(
            f"company-{region}", f"Управляющая компания, {name}", "managing_company",
            "operational", region, at,
        )  # fmt: skip

    async def _house(self, cluster: Cluster, at: datetime) -> str:
        """The name of its core college."""
        name = f"Базовый колледж кластера {cluster.code}"
        await self._organisation(
            f"college-{cluster.code}", name, "college", "operational", cluster.region, at
        )
        here = {"cluster_id": self._clusters[cluster.code]}
        await self._relate("managing_company", self._companies[cluster.region], at, **here)
        return name

    async def _ask_authorities(self, at: datetime) -> None:
        """The letter to the authorities, before the protocol says it again."""
        body = {"due_on": _ANSWER_DUE.isoformat(), "letter": "Письмо № 05-1234 от 12.09.2023"}
        await self._post("/v1/appointment-requests", body, at)

    async def _remind_authorities(self, at: datetime) -> None:
        await self._post("/v1/appointment-requests/remind", {"overdue": True}, at)

    async def _move(self, at: datetime) -> None:
        """One cluster of a region with several goes to another company."""
        for cluster in _some(self._season, 2)[:1]:
            await self._hand_over(cluster, at)

    async def _hand_over(self, cluster: Cluster, at: datetime) -> None:
        company = await self._organisation(
            f"company-{cluster.region}-2", "Вторая управляющая компания региона",
            "managing_company", "operational", cluster.region, at,
        )  # fmt: skip
        await self._life(cluster, "move", {"managing_company_id": company}, at)

    async def _reorganise(self, at: datetime) -> None:
        for cluster in _some(self._season, 3)[1:2]:
            reason = {"reason": "Приказ о реорганизации колледжа"}
            await self._life(cluster, "reorganise", reason, at)

    async def _merge(self, at: datetime) -> None:
        """The one that was reorganised joins another of its region."""
        found = _some(self._season, 3)
        if found:
            body = {"into": self._clusters[found[0].code], "reason": "Общий базовый колледж"}
            await self._life(found[1], "merge", body, at)

    async def _organisation(
        self, code: str, name: str, kind: str, level: str, region: str, at: datetime
    ) -> str:
        body = {"code": code, "name": name, "kind": kind, "level": level, "region": region}
        return str((await self._post("/v1/organisations", body, at))["id"])

    async def _relate(self, kind: str, organisation: str, at: datetime, **place: str) -> None:
        since = FIRST_DAY.isoformat()
        body = {"kind": kind, "organisation_id": organisation, "valid_from": since, **place}
        await self._post("/v1/relations", body, at)

    async def _life(
        self, cluster: Cluster, step: str, body: Mapping[str, Any], at: datetime
    ) -> None:
        await self._post(f"/v1/clusters/{self._clusters[cluster.code]}/{step}", body, at)

    async def _post(self, path: str, body: Mapping[str, Any], at: datetime) -> Any:
        return await self._api.post(ADMIN, "directory", path, body, at=at)
