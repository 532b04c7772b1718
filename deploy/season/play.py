"""Plays the planned season day by day through the public APIs, on the simulated clock.

While it plays, the clock stands at the start of the day and every request carries its own later
instant of that day; the next day begins only when everything this day set in motion has settled.
So the facts are the same on any machine, however fast it is.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial
from random import Random
from typing import Any, Final, Protocol

from deploy.season.api import Api, Refused, until
from deploy.season.associations import Associations
from deploy.season.channels import Channels
from deploy.season.lists import enter_lists
from deploy.season.model import Model
from deploy.season.people import ADMIN as _ADMIN
from deploy.season.people import enter_person
from deploy.season.plan import (
    FIRST_DAY,
    FIRST_RATED,
    LAST_DAY,
    MOSCOW,
    Item,
    Meeting,
    Region,
    Season,
    Step,
    attended,
    make_season,
    script,
)
from deploy.season.processes import Processes

_SECRETARY: Final = "secretary"
_CONTROLLER: Final = "cur_controller"
_MORNING: Final = timedelta(hours=6)
_MINUTE: Final = timedelta(minutes=1)
Progress = Callable[[int, int], None]


class Chapter(Protocol):
    """A part of the season beside meetings and executions; it acts on its own days."""

    async def on(self, day: date) -> None:
        """Carry out what the day has of it. Raises `Refused`."""
        ...


MakeChapter = Callable[[Api, Season, Mapping[str, str]], Chapter]
CHAPTERS: Final[tuple[MakeChapter, ...]] = (Model, Channels, Associations, Processes)


def start_of(day: date) -> datetime:
    """The day's first instant in Moscow, where the clock stands during that day."""
    return datetime.combine(day, time(), MOSCOW)


class Player:
    """Plays one season up to `last_day`. `progress` is told the day's number of how many."""

    def __init__(
        self,
        api: Api,
        *,
        seed: int,
        clusters: int,
        progress: Progress = lambda *_: None,
        last_day: date = LAST_DAY,
        chapters: Sequence[MakeChapter] = CHAPTERS,
    ) -> None:
        self._api = api
        self._seed = seed
        self._clusters = clusters
        self._progress = progress
        self._last_day = last_day
        self._make_chapters = chapters
        self._chapters: list[Chapter] = []
        self._season = Season(seed, (), (), ())
        self._cluster_ids: dict[str, str] = {}
        self._steps: dict[date, list[tuple[str, list[tuple[Step, str]]]]] = defaultdict(list)
        self.executions = 0

    async def play(self) -> None:
        """From the reference data to the last evening. Raises `Refused`, `NotSettled`."""
        await self._enter_directory()
        days = (self._last_day - FIRST_DAY).days + 1
        for number in range(days):
            day = FIRST_DAY + timedelta(days=number)
            await self._begin(day)
            await self._appoint(day)
            await self._meet(day)
            for chapter in self._chapters:
                await chapter.on(day)
            await self._carry_out(day)
            self._progress(number + 1, days)
        await self._api.set_clock(start_of(self._last_day) + timedelta(hours=20))

    async def tell(self, until: date) -> None:
        """The chapters alone go on until that evening: nobody meets, nothing is carried out."""
        for number in range((until - self._last_day).days):
            day = self._last_day + timedelta(days=number + 1)
            await self._begin(day)
            for chapter in self._chapters:
                await chapter.on(day)
        self._last_day = until
        await self._api.set_clock(start_of(until) + timedelta(hours=20))

    async def _begin(self, day: date) -> None:
        """Midnight in Moscow; on a month's first day the morning, once the last one is frozen."""
        await self._api.set_clock(start_of(day))
        if day.day == 1 and day > FIRST_RATED:
            # By then the month has ended in Kaliningrad, too.
            await self._api.set_clock(start_of(day) + _MORNING)
            month = f"{day - timedelta(days=1):%Y-%m}"
            await until(partial(self._frozen, month), f"срез за {month}")

    async def _frozen(self, month: str) -> bool:
        found = await self._api.get(_ADMIN, "rating", "/v1/slices", period=month)
        return any(one["frozen_at"] for one in found["items"])

    async def _enter_directory(self) -> None:
        """Reference data, clusters, and the heads of authorities."""
        at = start_of(FIRST_DAY) + timedelta(hours=9)
        await self._api.post(_ADMIN, "directory", "/v1/reference-data/load", at=at)
        await self._api.post(_SECRETARY, "meetings", "/v1/series/load", at=at)
        regions = await self._api.all(_ADMIN, "directory", "/v1/regions")
        industries = (await self._api.get(_ADMIN, "directory", "/v1/industries"))["items"]
        self._season = make_season(
            self._seed,
            self._clusters,
            sorted((region["code"], region["short_name"]) for region in regions),
            sorted((industry["code"], industry["name"]) for industry in industries),
        )
        await enter_lists(self._api, self._season.clusters, at)
        clusters = await self._api.all(_ADMIN, "directory", "/v1/clusters")
        self._cluster_ids = {cluster["code"]: cluster["id"] for cluster in clusters}
        self._chapters = [
            make(self._api, self._season, self._cluster_ids) for make in self._make_chapters
        ]
        await asyncio.gather(
            *(self._appoint_to(region, "authority_head", at) for region in self._season.regions)
        )

    async def _appoint_to(self, region: Region, office: str, at: datetime) -> None:
        person = await enter_person(self._api, office, region.code, at)
        await self._api.post(
            _ADMIN,
            "directory",
            "/v1/appointments",
            {
                "region": region.code,
                "office": office,
                "person_id": person,
                "valid_from": at.date().isoformat(),
            },
            at=at,
        )

    async def _appoint(self, day: date) -> None:
        """Coordinators who are appointed today; what waited for them must have moved."""
        today = [region for region in self._season.regions if region.coordinator_from == day]
        if not today:
            return
        at = start_of(day) + timedelta(hours=7)
        for region in today:
            await self._appoint_to(region, "coordinator", at)
            if region.deputy:
                await self._appoint_to(region, "deputy", at)
        for region in today:
            await until(partial(self._moved, region.code), f"назначение {region.code}")

    async def _moved(self, region: str) -> bool:
        """Whether nothing of the region waits for its coordinator any more."""
        for query in (
            {"status": "issued", "addressee": "cluster"},
            {"status": "issued", "addressee": "authority"},
        ):
            page = await self._api.get(
                _CONTROLLER, "assignments", "/v1/executions", region=region, limit=1, **query
            )
            if page["items"]:
                return False
        return True

    async def _meet(self, day: date) -> None:
        for meeting in self._season.meetings:
            if meeting.on == day:
                await self._hold(meeting)

    async def _hold(self, meeting: Meeting) -> None:
        """A meeting with its agenda; where it resolves something, an approved protocol."""
        before = start_of(meeting.on) + timedelta(hours=8)
        after = meeting.starts_at + timedelta(hours=2)
        api = self._api
        held = await self._meeting(meeting, before)
        path = f"/v1/meetings/{held}"
        for kind, text in (
            ("operational", "Исполнение поручений прошлых протоколов"),
            ("cross_cutting", "Ход сквозных процессов проекта"),
        ):
            item = {"kind": kind, "text": text}
            await api.post(_SECRETARY, "meetings", f"{path}/agenda-items", item, at=before)
        await api.post(_SECRETARY, "meetings", f"{path}/hold", at=after)
        await self._mark(meeting, path, after)
        await self._conclude(path, after)
        if not meeting.items:
            await api.post(_SECRETARY, "meetings", f"{path}/close", at=after)
            return
        protocol = await api.post(
            _SECRETARY, "meetings", "/v1/protocols", {"meeting_id": held}, at=after
        )
        path = f"/v1/protocols/{protocol['id']}"
        for planned in meeting.items:
            await api.post(_SECRETARY, "meetings", f"{path}/items", _item(planned), at=after)
        await api.post_as_read(_ADMIN, "meetings", path, "approve", at=after + timedelta(hours=1))
        await until(
            lambda: self._issued(protocol["id"], len(meeting.items)), f"протокол {protocol['id']}"
        )
        await self._plan_executions(protocol["id"])

    async def _meeting(self, meeting: Meeting, at: datetime) -> str:
        """The id of the series' own meeting of the day; one of no series is made by hand."""
        if meeting.series != "other":
            await until(
                partial(self._occurrence, meeting), f"совещание {meeting.series} {meeting.on}"
            )
            return str(await self._occurrence(meeting))
        made = await self._api.post(
            _SECRETARY,
            "meetings",
            "/v1/meetings",
            {
                "title": meeting.title,
                "series": meeting.series,
                "starts_at": meeting.starts_at.isoformat(),
                "duration_minutes": 90,
            },
            at=at,
        )
        return str(made["id"])

    async def _occurrence(self, meeting: Meeting) -> str | None:
        day = meeting.on.isoformat()
        wanted = {"from": day, "to": day, "series": meeting.series}
        page = await self._api.get(_SECRETARY, "meetings", "/v1/meetings", **wanted)
        return page["items"][0]["id"] if page["items"] else None

    async def _mark(self, meeting: Meeting, path: str, at: datetime) -> None:
        """Who came: by the habits of each region's people, and the dice of the day."""
        seats = (await self._api.get(_SECRETARY, "meetings", f"{path}/participants"))["items"]
        regions = {region.code: region for region in self._season.regions}
        dice = Random(f"{self._season.seed}:attendance:{meeting.series}:{meeting.on}")
        marks = [
            {"participant_id": seat["participant_id"], "attendance": attended(dice, habit)}
            for seat in sorted(seats, key=lambda one: (one["region"], one["name"]))
            for habit in [regions[seat["region"]].habit]
        ]
        if marks:
            await self._api.post(
                _SECRETARY, "meetings", f"{path}/attendance", {"items": marks}, at=at
            )

    async def _conclude(self, path: str, at: datetime) -> None:
        """Every question is decided, so that the meeting can be closed."""
        agenda = await self._api.get(_SECRETARY, "meetings", f"{path}/agenda")
        for section in agenda["sections"]:
            for item in section["items"]:
                await self._api.post(
                    _SECRETARY,
                    "meetings",
                    f"{path}/agenda-items/{item['id']}/outcome",
                    {"outcome": "information"},
                    at=at,
                )

    async def _issued(self, protocol_id: str, items: int) -> bool:
        page = await self._api.get(
            _CONTROLLER, "assignments", "/v1/assignments", protocol_id=protocol_id
        )
        return len(page["items"]) == items

    async def _plan_executions(self, protocol_id: str) -> None:
        """Everybody reads what has been assigned and, by habit, knows what they will do."""
        numbers = {
            found["id"]: found["number"]
            for found in await self._api.all(
                _CONTROLLER, "assignments", "/v1/assignments", protocol_id=protocol_id
            )
        }
        codes = {cluster_id: code for code, cluster_id in self._cluster_ids.items()}
        regions = {region.code: region for region in self._season.regions}
        executions = await self._api.all(
            _CONTROLLER, "assignments", "/v1/executions", protocol_id=protocol_id
        )
        self.executions += len(executions)
        for execution in executions:
            if execution["cluster_id"] is None:
                continue  # an authority's: closes by the appointment itself
            region = regions[execution["region"]]
            steps = script(
                self._season,
                region,
                codes[execution["cluster_id"]],
                numbers[execution["assignment_id"]],
                date.fromisoformat(execution["issued_on"]),
                date.fromisoformat(execution["due"]),
            )
            by_day: dict[date, list[tuple[Step, str]]] = defaultdict(list)
            who = {
                "cluster": f"cluster-{execution['cluster_id']}",
                "coordinator": f"coordinator-{region.code}",
                "controller": _CONTROLLER,
            }
            for step in steps:
                by_day[step.at.date()].append((step, who[step.by]))
            for day, of_day in by_day.items():
                self._steps[day].append((execution["id"], of_day))

    async def _carry_out(self, day: date) -> None:
        """The day's commands: first of each execution the first, then the second, and so on.

        Coordinators and ЦУР do what they have before them at one sitting, clusters each their own.
        """
        today = self._steps.pop(day, [])
        last: dict[str, datetime] = {}
        for number in range(max((len(steps) for _, steps in today), default=0)):
            sittings: dict[tuple[str, str], list[tuple[str, Step]]] = defaultdict(list)
            alone: list[Awaitable[None]] = []
            for execution, steps in today:
                if number >= len(steps):
                    continue
                step, who = steps[number]
                if execution in last:
                    step = replace(step, at=max(step.at, last[execution] + _MINUTE))
                if (step.by, step.command) in _SITTINGS:
                    sittings[who, step.command].append((execution, step))
                else:
                    last[execution] = step.at
                    alone.append(self._carry(execution, who, step))
            for (who, command), taken in sittings.items():
                at = max(step.at for _, step in taken)
                last.update((execution, at) for execution, _ in taken)
                alone.append(self._sit(who, command, [execution for execution, _ in taken], at))
            await asyncio.gather(*alone)

    async def _carry(self, execution: str, who: str, step: Step) -> None:
        body = _BODIES.get(step.command)
        if step.until is not None:
            body = {**_BODIES[step.command], "wanted": step.until.isoformat()}
        path = f"/v1/executions/{execution}/{_PATHS.get(step.command, step.command)}"
        await self._api.post(who, "assignments", path, body, at=step.at)

    async def _sit(self, who: str, command: str, executions: Sequence[str], at: datetime) -> None:
        """One command for all of them. Raises `Refused` where any is."""
        body = {
            "command": command,
            "items": [{"execution_id": one} for one in executions],
            **_BODIES.get(command, {}),
        }
        found = await self._api.post(who, "assignments", "/v1/executions/bulk", body, at=at)
        if found["refused"]:
            refused = next(item for item in found["items"] if not item["done"])
            raise Refused(f"{command} {refused['execution_id']} → {refused}")


# Who does what at one sitting, for all they have before them.
_SITTINGS: Final = frozenset(
    {
        ("coordinator", "acknowledge"),
        ("coordinator", "forward"),
        ("controller", "return"),
        ("controller", "accept"),
    }
)
_PATHS: Final[Mapping[str, str]] = {
    "ask": "extensions",
    "grant": "extensions/grant",
    "refuse": "extensions/refuse",
}
_BODIES: Final[Mapping[str, Any]] = {
    "ask": {"reason": "Поставщик перенёс отгрузку оборудования."},
    "grant": {},
    "refuse": {"reason": "Времени достаточно."},
    "submit": {
        "text": "Исполнено, подтверждение приложено.",
        "evidence": [{"title": "Отчёт", "url": "https://example.org/report.pdf"}],
    },
    "return": {"reason": "Приложите подтверждающий документ и уточните показатели."},
}


def _item(planned: Item) -> dict[str, Any]:
    return {
        "text": planned.text,
        "priority": planned.priority,
        "due_on": planned.due_on.isoformat() if planned.due_on else None,
        "addressees": {
            "kind": "authority" if planned.authorities else "cluster",
            "cohorts": list(planned.cohorts),
            "industries": list(planned.industries),
        },
        **({"closes_on": planned.closes_on} if planned.closes_on else {}),
    }
