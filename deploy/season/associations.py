"""The associations' part of the season: their roadmap from September 2023 to March 2024.

Eight work from the start, sixteen are constituted in January–March. One of the eight comes to
1 October with three deliverables of four, so that its first milestone is late until the document
is there. What is done on which day is a pure function of the seed.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from random import Random
from typing import Any, Final

from deploy.season.api import Api
from deploy.season.people import ADMIN, enter_person
from deploy.season.plan import MOSCOW, Season
from shared.workdays import preceding_working_day

YEAR: Final = 2023
EXPANSIONS: Final = {2022: date(2023, 9, 15), 2023: date(2023, 11, 20)}
_FOUNDED: Final = date(2023, 9, 18)
_DOCUMENTS: Final = date(2023, 9, 27)
_LATE_DOCUMENT: Final = date(2023, 10, 10)
_INTERIM: Final = date(2023, 10, 26)
_STRATEGY: Final = date(2023, 11, 8)
# By then October's slice has proposed them.
_LEADERS: Final = date(2023, 11, 10)
_YEAR_END: Final = date(2023, 12, 26)
_LAST: Final = date(2024, 3, 28)
_DIRECTIONS: Final = (
    "Обновление содержания программ вместе с предприятиями",
    "Обучение педагогов и наставников на производстве",
    "Общие оценочные материалы отрасли",
    "Привлечение школьников в профессии отрасли",
)
_EVENTS: Final = (
    ("event", "Отраслевая неделя «Профессия будущего»", 340, 12_000),
    ("project", "Единый банк учебных материалов отрасли", 90, 2_500),
    ("event", "Конкурс мастерства студентов отрасли", 210, 6_400),
)

Act = Callable[[datetime], Awaitable[None]]


class Associations:
    """Everything associations do; `on` carries out the acts of a day, the first ones first."""

    def __init__(self, api: Api, season: Season, clusters: Mapping[str, str]) -> None:
        self._api = api
        self._season = season
        self._clusters = clusters
        self._dice = Random(f"{season.seed}:associations")
        self._acts: dict[date, list[Act]] | None = None
        self._milestones: dict[str, dict[str, Any]] = {}
        self._groups: dict[str, list[str]] = defaultdict(list)

    async def on(self, day: date) -> None:
        """Raises `Refused`."""
        if self._acts is None:
            self._acts = await self._plan()
        for number, act in enumerate(self._acts.pop(day, ())):
            await act(datetime.combine(day, time(14), MOSCOW) + timedelta(minutes=number))

    async def _plan(self) -> dict[date, list[Act]]:
        found = (await self._get("/v1/associations"))["items"]
        acting = sorted(one["code"] for one in found if one["constituted_on"])
        planned = sorted(one["code"] for one in found if not one["constituted_on"])
        late = self._dice.choice(acting)
        acts: dict[date, list[Act]] = defaultdict(list)
        for cohort, day in EXPANSIONS.items():
            acts[day].append(partial(self._expand, cohort))
        for code in acting:
            self._milestones[code] = await self._roadmap(code)
            acts[_FOUNDED].append(partial(self._found, code))
            written = _LATE_DOCUMENT if code == late else _DOCUMENTS
            acts[written].append(partial(self._write_vector, code))
            acts[_INTERIM].append(partial(self._report, code))
            for kind, title, participants, audience in _EVENTS:
                held = self._working_day(date(2023, 10, 2), date(2024, 3, 15))
                body = {"participants": participants, "audience": audience}
                acts[held].append(partial(self._hold, code, kind, title, None, body))
            strategic = self._working_day(_STRATEGY, _LAST)
            acts[strategic].append(
                partial(
                    self._hold, code, "strategic_session", "Стратегическая сессия с Председателем",
                    "strategic-sessions", {"participants": 25},
                )
            )  # fmt: skip
            acts[self._working_day(date(2024, 1, 15), _LAST)].append(partial(self._meet, code))
            self._plan_experience(acts, code)
            acts[_YEAR_END].append(partial(self._sum_up, code))
        acts[_LEADERS].append(self._confirm_leader)
        for code in planned:
            # The sixteen: constituted in the first quarter, each with a chair and a session.
            born = self._working_day(date(2024, 1, 15), date(2024, 3, 15))
            acts[born].append(partial(self._constitute, code))
            acts[preceding_working_day(born + timedelta(days=13))].append(partial(self._meet, code))
        return acts

    def _working_day(self, first: date, last: date) -> date:
        day = first + timedelta(days=self._dice.randrange((last - first).days))
        return max(first, preceding_working_day(day))

    async def _roadmap(self, code: str) -> dict[str, Any]:
        found = await self._get(f"/v1/associations/{code}/roadmaps/{YEAR}")
        return {one["code"]: one for one in found["items"]}

    async def _expand(self, cohort: int, at: datetime) -> None:
        body = {"cohort": cohort, "valid_from": at.date().isoformat()}
        preview = await self._post("/v1/expansions/preview", body, at)
        if preview["joining"]:
            await self._post("/v1/expansions", body, at)

    async def _found(self, code: str, at: datetime) -> None:
        """The chair, the directions with a group each, those responsible, and the curators."""
        await self._charge(code, "chair", at)
        for number, name in enumerate(self._dice.sample(_DIRECTIONS, 2)):
            since = {"valid_from": at.date().isoformat()}
            direction = await self._post(
                f"/v1/associations/{code}/directions", {"name": name, **since}, at
            )
            await self._charge(code, "responsible", at, number, direction_id=direction["id"])
            people = [
                await enter_person(self._api, f"group-{number}-{seat}", code, at)
                for seat in range(3)
            ]
            group = await self._post(
                f"/v1/associations/{code}/groups",
                {
                    "direction_id": direction["id"],
                    "name": f"Группа «{name}»",
                    "lead_id": people[0],
                    "members": people[1:],
                    **since,
                    "valid_to": "2024-06-30",
                },
                at,
            )
            self._groups[code].append(group["id"])
        await self._curate(code, at)

    async def _curate(self, code: str, at: datetime) -> None:
        """A curator for every cluster of the industry that is there by then, some for several."""
        covered = await self._get(f"/v1/associations/{code}/coverage")
        mine = [one["cluster_id"] for one in covered["items"] if one["curator_id"] is None]
        curators = [
            await enter_person(self._api, f"curator-{number}", code, at)
            for number in range(1 + len(mine) // 5)
        ]
        since = at.date().isoformat()
        await asyncio.gather(
            *(
                self._post(
                    f"/v1/associations/{code}/mandates",
                    {
                        "kind": "curator",
                        "person_id": curators[number % len(curators)],
                        "cluster_id": cluster,
                        "valid_from": since,
                    },
                    at,
                )
                for number, cluster in enumerate(mine)
            )
        )

    async def _charge(
        self, code: str, kind: str, at: datetime, number: int = 0, **about: str
    ) -> None:
        person = await enter_person(self._api, f"{kind}-{number}", code, at)
        body = {"kind": kind, "person_id": person, "valid_from": at.date().isoformat(), **about}
        await self._post(f"/v1/associations/{code}/mandates", body, at)

    async def _write_vector(self, code: str, at: datetime) -> None:
        deliverables: Sequence[Mapping[str, Any]]
        deliverables = self._milestones[code]["chairs-meeting"]["deliverables"]
        document = next(one for one in deliverables if one["rule"] == "document")
        text = "Вектор развития: обновление программ вместе с предприятиями отрасли."
        path = f"/v1/associations/{code}/deliverables/{document['id']}/document"
        await self._post(path, {"document": text}, at)

    async def _report(self, code: str, at: datetime) -> None:
        """The members' session, and each group's interim results."""
        milestone = self._milestones[code]["interim-results"]["id"]
        await self._hold(code, "session", "Заседание членов ассоциации", "interim-results", {}, at)
        for group in self._groups[code]:
            body = {"milestone_id": milestone, "summary": "Согласованы программы трёх профессий."}
            await self._post(f"/v1/associations/{code}/groups/{group}/reports", body, at)

    async def _hold(
        self,
        code: str,
        kind: str,
        title: str,
        milestone: str | None,
        reach: Mapping[str, int],
        at: datetime,
    ) -> None:
        day = at.date().isoformat()
        body = {"kind": kind, "title": title, "starts_on": day, "ends_on": day, **reach}
        if milestone is not None:
            body["milestone_id"] = self._milestones[code][milestone]["id"]
        await self._post(f"/v1/associations/{code}/activities", body, at)

    async def _constitute(self, code: str, at: datetime) -> None:
        path = f"/v1/associations/{code}/constitute"
        await self._post(path, {"constituted_on": at.date().isoformat()}, at)
        self._milestones[code] = await self._roadmap(code)
        await self._charge(code, "chair", at)
        await self._curate(code, at)

    async def _meet(self, code: str, at: datetime) -> None:
        """In person, in the Public Chamber."""
        title = "Очное заседание на площадке Общественной палаты Российской Федерации"
        reach = {"participants": 60}
        await self._hold(code, "in_person_session", title, "new-associations", reach, at)

    def _plan_experience(self, acts: dict[date, list[Act]], code: str) -> None:
        """A practice of one cluster goes to another; where regions are few, nobody may judge it."""
        by_region = {one.region: one for one in self._season.clusters if one.industry == code}
        if len(by_region) < 4:
            return
        owner, heir, *judges = self._dice.sample(sorted(by_region), 4)
        day = self._working_day(date(2023, 10, 9), date(2023, 12, 1))
        own, other = (self._clusters[by_region[one].code] for one in (owner, heir))
        acts[day].append(partial(self._share, code, own, other, judges))
        acts[preceding_working_day(day + timedelta(days=20))].append(
            partial(self._mentor, code, own, other, day)
        )

    async def _share(
        self, code: str, own: str, other: str, judges: Sequence[str], at: datetime
    ) -> None:
        """Nominated by its cluster, reviewed by two other regions, selected, replicated."""
        body: dict[str, Any] = {
            "cluster_id": own,
            "title": "Учебно-производственный комплекс на заводе",
            "description": "Практика с первого курса на действующем участке.",
        }
        path = f"/v1/associations/{code}/practices"
        practice = await self._api.post(f"cluster-{own}", "directory", path, body, at=at)
        path = f"{path}/{practice['id']}"
        for judge in judges:
            names = ("employers", "novelty", "replicability", "result")
            points = {name: self._dice.randint(3, 5) for name in names}
            await self._api.post(
                f"coordinator-{judge}", "directory", f"{path}/reviews", {"points": points}, at=at
            )
        await self._post(f"{path}/select", {"reason": "Решение собрания Ассоциации"}, at)
        await self._post(f"{path}/replications", {"cluster_id": other}, at)

    async def _mentor(self, code: str, own: str, other: str, since: date, at: datetime) -> None:
        """The cluster that was helped says itself that it was."""
        body = {
            "from_cluster_id": own,
            "to_cluster_id": other,
            "topic": "Запуск учебно-производственного комплекса",
            "started_on": since.isoformat(),
        }
        path = f"/v1/associations/{code}/mentorships"
        path = f"{path}/{(await self._post(path, body, at))['id']}"
        await self._post(f"{path}/complete", {"outcome": "Комплекс открыт."}, at)
        await self._api.post(f"cluster-{other}", "directory", f"{path}/confirm", at=at)

    async def _confirm_leader(self, at: datetime) -> None:
        """One of the proposed is confirmed by a person; the others stay proposals."""
        found = (await self._get("/v1/leaders", status="proposed"))["items"]
        if found:
            body = {"reason": "Первое место среза и отобранные практики"}
            await self._post(f"/v1/leaders/{found[0]['id']}/confirm", body, at)

    async def _sum_up(self, code: str, at: datetime) -> None:
        """The year's report, and the next year's roadmap made of it."""
        for act in ("assemble", "approve", "publish", "roadmap"):
            path = f"/v1/associations/{code}/reports/{YEAR}/{act}"
            await self._api.post(ADMIN, "directory", path, at=at)

    async def _get(self, path: str, **params: Any) -> Any:
        return await self._api.get(ADMIN, "directory", path, **params)

    async def _post(self, path: str, body: Mapping[str, Any], at: datetime) -> Any:
        return await self._api.post(ADMIN, "directory", path, body, at=at)
