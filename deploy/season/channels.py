"""The channels' part of the season: three chats of winners become one of coordinators."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, time
from random import Random
from typing import Any, Final

from deploy.season.api import Api
from deploy.season.people import ADMIN
from deploy.season.plan import COHORTS, FIRST_DAY, MOSCOW, Season

_UNIFIED: Final = date(2023, 9, 18)
_INDUSTRIES: Final = date(2023, 10, 2)
_POSTED: Final = date(2023, 10, 2)


class Channels:
    """Merged on 18 September 2023; industries have theirs from October."""

    def __init__(self, api: Api, season: Season, _: Mapping[str, str]) -> None:
        self._api = api
        self._season = season
        self._dice = Random(f"{season.seed}:channels")
        self._unified = ""

    async def on(self, day: date) -> None:
        """Raises `Refused`."""
        at = datetime.combine(day, time(17), MOSCOW)
        if day == FIRST_DAY:
            for cohort in COHORTS:
                name = f"Чат победителей {cohort} года"
                since = date(2022, 9, 1).isoformat()
                await self._open({"kind": "cohort", "cohort": cohort, "name": name}, since, at)
        if day == _UNIFIED:
            name = "Координаторы «Профессионалитета»"
            self._unified = await self._open({"kind": "unified", "name": name}, day.isoformat(), at)
            path = f"/v1/channels/{self._unified}/merge"
            await self._api.post(ADMIN, "directory", path, {"on": day.isoformat()}, at=at)
        if day == _INDUSTRIES:
            await self._open_industries(at)
        if day == _POSTED:
            await self._write(at)

    async def _open(self, body: Mapping[str, Any], since: str, at: datetime) -> str:
        made = await self._api.post(
            ADMIN, "directory", "/v1/channels", {**body, "valid_from": since}, at=at
        )
        return str(made["id"])

    async def _open_industries(self, at: datetime) -> None:
        found = (await self._api.get(ADMIN, "directory", "/v1/associations"))["items"]
        since = at.date().isoformat()
        for one in found:
            if one["constituted_on"]:
                name = f"Отраслевой чат: {one['code']}"
                body = {"kind": "industry", "industry": one["code"], "name": name}
                await self._open(body, since, at)

    async def _write(self, at: datetime) -> None:
        """The first post to all coordinators; four of five confirm that they have read it."""
        path = f"/v1/channels/{self._unified}/posts"
        text = "4 октября в 10:00 — первое единое совещание. Подтвердите участие."
        body = {"title": "Совещание в среду", "text": text}
        post = await self._api.post(ADMIN, "directory", path, body, at=at)
        readers = [
            region.code
            for region in self._season.regions
            if region.coordinator_from <= at.date() and self._dice.random() < 0.8
        ]
        await asyncio.gather(
            *(
                self._api.post(
                    f"coordinator-{code}",
                    "directory",
                    f"{path}/{post['id']}/acknowledge",
                    at=at,
                )
                for code in readers
            )
        )
