"""A steady mixed load: everybody does what is theirs to do, at a rate that waits for nobody."""

import asyncio
import time
from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any, Final

from tests.chaos.client import Answer, Client, Command
from tests.chaos.world import Known, World, resolve_something

MOST_UNDER_WAY: Final = 60
ANSWERED_SECONDS: Final = 90.0
ITEMS: Final = 5
_BULK: Final = frozenset({"acknowledge", "forward", "accept"})
_FINAL: Final = frozenset({"accepted", "withdrawn", "superseded"})
_CONTROLLERS: Final = ("cur_controller-a", "cur_controller-b", "cur_controller-c")


class Load:
    """Sends `rate` commands a second while it is not paused."""

    def __init__(self, world: World, client: Client, dice: Random, *, rate: float) -> None:
        self._world = world
        self._client = client
        self._dice = dice
        self._rate = rate
        self._going = asyncio.Event()
        self._under_way: set[asyncio.Task[None]] = set()
        # A protocol on its way, until all its executions are there.
        self._resolving = False
        self._awaited: tuple[str, int] | None = None
        self.sent: Counter[str] = Counter()
        # What the rate asked for while too much was unanswered, or nobody had anything to do.
        self.held_back = 0
        self.seconds = 0.0

    async def run(self) -> None:
        """Until cancelled. What a command raises, it raises."""
        async with asyncio.TaskGroup() as group:
            while True:
                await self._going.wait()
                began = time.monotonic()
                await asyncio.sleep(1 / self._rate)
                self.seconds += time.monotonic() - began
                self._begin(group)

    def _begin(self, group: asyncio.TaskGroup) -> None:
        if self._needs_work() and not self._resolving:
            self._resolving = True
            self._spawn(group, self._resolve())
        orders = self._choose() if len(self._under_way) < MOST_UNDER_WAY else []
        if not orders:
            self.held_back += 1
        for order, taken in orders:
            for one in taken:
                one.busy += 1
            self.sent[order.kind] += 1
            self._spawn(group, self._carry(order, taken))

    def _spawn(self, group: asyncio.TaskGroup, work: Any) -> None:
        task = group.create_task(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def go(self) -> None:
        self._going.set()

    async def pause(self) -> None:
        """Send nothing new, and wait until everything sent is answered.

        Raises `TimeoutError` where something never is.
        """
        self._going.clear()
        async with asyncio.timeout(ANSWERED_SECONDS):
            while self._under_way:
                await asyncio.wait(set(self._under_way))

    def _needs_work(self) -> bool:
        idle = sum(one.status not in _FINAL for one in self._world.executions.values())
        return idle < 4 * MOST_UNDER_WAY

    async def _resolve(self) -> None:
        """More work for everybody, once there is little left."""
        self._awaited = await resolve_something(self._client, self._world, items=ITEMS)

    def _choose(self) -> list[tuple[Command, list[Known]]]:
        """What is done next: one command, or two that contend for the same version."""
        if self._dice.random() < 0.01:
            return [(self._assignment(), [])]
        idle = [
            one
            for one in self._world.executions.values()
            if not one.busy and one.status not in _FINAL
        ]
        seen = self._dice.sample(idle, min(20, len(idle)))
        if self._dice.random() < 0.5:
            # Half of the time what has come farthest, so that all stages are always at work.
            seen.sort(key=lambda one: one.version, reverse=True)
        for one in seen:
            orders = self._orders_for(one)
            if orders:
                return orders
        return []

    def _assignment(self) -> Command:
        region = self._dice.choice(self._world.regions)
        command = Command("assign", "cur_admin", "assignments", "/v1/assignments")
        command.body = {
            "text": f"Прислать контакты [{command.key}]",
            "priority": "planned",
            "addressees": {"kind": "cluster", "regions": [region]},
        }
        return command

    def _orders_for(self, one: Known) -> list[tuple[Command, list[Known]]]:
        chance = self._dice.random()
        if chance < 0.004:
            return [self._single(one, "withdraw", "cur_admin", "reason")]
        if one.asked:
            kind = "grant_extension" if chance < 0.5 else "refuse_extension"
            return [self._single(one, kind, self._controller(), "reason")]
        coordinator, cluster = f"coordinator-{one.region}", f"cluster-{one.cluster}"
        if one.cluster is None:
            cluster = f"authority_head-{one.region}"
        match one.status:
            case "issued" if one.cluster is None:
                return [self._single(one, "acknowledge", cluster)]
            case "routed":
                return [self._one_or_many(one, "acknowledge", coordinator)]
            case "acknowledged" | "returned":
                return [self._single(one, "start", cluster)]
            case "in_progress":
                return [self._at_work(one, cluster, chance)]
            case "submitted" if one.cluster is not None:
                if chance < 0.08:
                    return [self._single(one, "return", coordinator, "reason")]
                if chance < 0.12:
                    return [self._single(one, "pre_check", coordinator, "text")]
                return [self._one_or_many(one, "forward", coordinator)]
            case "submitted" | "forwarded":
                if chance < 0.1:
                    # Two controllers at once: one version, one winner.
                    return [
                        self._single(one, "accept", _CONTROLLERS[0]),
                        self._single(one, "return", _CONTROLLERS[1], "reason"),
                    ]
                if chance < 0.25:
                    return [self._single(one, "return", self._controller(), "reason")]
                return [self._one_or_many(one, "accept", self._controller())]
        return []

    def _controller(self) -> str:
        return self._dice.choice(_CONTROLLERS)

    def _at_work(self, one: Known, cluster: str, chance: float) -> tuple[Command, list[Known]]:
        if chance < 0.1:
            asking = self._single(one, "request_extension", cluster, "reason")
            asking[0].body["wanted"] = (one.due + timedelta(days=3)).isoformat()
            return asking
        if chance < 0.3 and one.file is None:
            path = f"/v1/executions/{one.id}/files"
            command = Command("upload", cluster, "assignments", path)
            command.upload = f"{command.key}\n".encode() * self._dice.randint(1, 3000)
            return command, [one]
        handing = self._single(one, "submit", cluster, "text")
        evidence: dict[str, Any] = {"title": "Отчёт", "url": "https://example.org/report.pdf"}
        if one.file is not None:
            evidence = {"kind": "file", "title": "Отчёт", "file_id": one.file}
        handing[0].body["evidence"] = [evidence]
        return handing

    def _single(
        self, one: Known, kind: str, who: str, words: str | None = None
    ) -> tuple[Command, list[Known]]:
        path = f"/v1/executions/{one.id}/{_PATHS.get(kind, kind)}"
        command = Command(kind, who, "assignments", path, meant={one.id: one.version})
        if words is not None:
            command.words = f"{_WORDS} [{command.key}]"
            field = "text" if kind == "grant_extension" else words
            command.body = {field: command.words}
        return command, [one]

    def _one_or_many(self, one: Known, kind: str, who: str) -> tuple[Command, list[Known]]:
        alike = [
            other
            for other in self._world.executions.values()
            if not other.busy
            and other.status == one.status
            and (other.cluster is None) == (one.cluster is None)
            and (kind == "accept" or other.region == one.region)
        ]
        if self._dice.random() < 0.7 or len(alike) < 2:
            return self._single(one, kind, who)
        taken = self._dice.sample(alike, min(len(alike), self._dice.randint(2, 8)))
        command = Command(kind, who, "assignments", "/v1/executions/bulk")
        command.meant = {other.id: other.version for other in taken}
        command.body = {
            "command": kind,
            "items": [{"execution_id": other.id, "version": other.version} for other in taken],
        }
        return command, taken

    async def _carry(self, order: Command, taken: list[Known]) -> None:
        answer = await self._client.carry_out(order)
        if order.kind == "assign":
            if answer.ok:
                await self._meet(assignment_id=answer.body["id"])
            return
        for one in taken:
            await self._learn(order, one, answer)
            one.busy -= 1

    async def _learn(self, order: Command, one: Known, answer: Answer) -> None:
        """What the answer says of the execution; where it was refused, how it really is."""
        if order.kind == "upload":
            one.file = answer.body["id"] if answer.ok else None
            return
        row = answer.body
        if one.id not in answer.moved or "id" not in row:
            row = await self._client.read("auditor", "assignments", f"/v1/executions/{one.id}")
        self._world.keep([row])
        if one.id in answer.moved:
            one.asked = order.kind == "request_extension"
            one.file = None if order.kind == "submit" else one.file
        elif "extension" in order.kind:
            one.asked = False

    async def _meet(self, **which: str) -> None:
        """Take over executions that have just been made."""
        rows = await self._client.read_all("auditor", "assignments", "/v1/executions", **which)
        self._world.keep(rows)

    async def look_around(self) -> None:
        """While it goes: find new executions and those the system has moved on, until cancelled."""
        while True:
            await self._going.wait()
            if self._awaited is not None:
                protocol, executions = self._awaited
                await self._meet(protocol_id=protocol)
                if len(self._world.of_protocol(protocol)) == executions:
                    self._resolving, self._awaited = False, None
            for status in ("routed", "issued"):
                await self._meet(status=status)
            await asyncio.sleep(1)


_WORDS: Final = "Так решили"
_PATHS: Final = {
    "pre_check": "pre-check",
    "request_extension": "extensions",
    "grant_extension": "extensions/grant",
    "refuse_extension": "extensions/refuse",
}
