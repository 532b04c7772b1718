"""Commands at random instants, however long their answers take: an open loop."""

import asyncio
import json
import random
import time
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic_core import from_json

from tests.bench import http
from tests.bench.prepared import Prepared
from tests.bench.seeing import MOVES, Move
from tests.bench.stand import Stand

# Connections kept open, as a gateway before the service does; more than it takes in hand.
_KEPT: Final = 300


@dataclass(frozen=True, slots=True)
class Plan:
    """Commands per second; `together` of them in one request to `/v1/executions/bulk`."""

    rate: float
    together: int = 1

    @property
    def title(self) -> str:
        bulk = f" пачками по {self.together}" if self.together > 1 else ""
        return f"{self.rate:.0f}/с{bulk}"


@dataclass(slots=True)
class Sent:
    """What came of the commands: answers by region, lengths of calls and lateness in ms."""

    at: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    call: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)


class Sender:
    """Sends commands by a plan, each over an execution of its own."""

    def __init__(
        self,
        stand: Stand,
        pools: Mapping[str, list[Prepared]],
        moves: Mapping[str, Move],
        plan: Plan,
    ) -> None:
        self._stand = stand
        self._pools = pools
        self._moves = moves
        self._plan = plan
        self._dice = random.Random(plan.title)
        self._order: dict[str, deque[str]] = defaultdict(deque)
        self._http = http.Pool(stand.port("assignments"))
        self.sent = Sent()

    async def run(self, seconds: float) -> None:
        """Send for so long, then wait for the last answer."""
        # uvicorn accepts one in each turn of its loop: under load that alone would be the queue.
        await self._http.open(_KEPT)
        loop = asyncio.get_running_loop()
        tasks: set[asyncio.Task[None]] = set()
        began = due = loop.time()
        pause = self._plan.together / self._plan.rate
        while (due := due + self._dice.expovariate(1 / pause)) < began + seconds:
            await asyncio.sleep(max(0.0, due - loop.time()))
            self.sent.late.append((loop.time() - due) * 1000)
            task = asyncio.create_task(self._bulk() if self._plan.together > 1 else self._single())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)
        self._http.close()

    def _next_region(self, command: str = "") -> str:
        """Round and round in random order: a region's next comes long after its last."""
        order = self._order[command]
        if not order:
            regions = [
                region
                for region in sorted(self._pools)
                if command in ("", self._moves[region].command)
            ]
            self._dice.shuffle(regions)
            order.extend(regions)
        return order.pop()

    async def _single(self) -> None:
        region = self._next_region()
        move, one = self._moves[region], self._pools[region].pop()
        path = f"/v1/executions/{one.id}/{move.command}"
        answer, at = await self._send(path, move, move.who.format(region=region), move.body)
        if answer is not None:
            self.sent.at[region].append(at)

    async def _bulk(self) -> None:
        # Whoever commands all regions; a coordinator has one.
        move = self._dice.choice([move for move in MOVES if "{region}" not in move.who])
        taken = {}
        for _ in range(self._plan.together):
            region = self._next_region(move.command)
            taken[str(self._pools[region].pop().id)] = region
        wanted = {"command": move.command, "items": [{"execution_id": one} for one in taken]}
        if move.reason:
            wanted["reason"] = move.reason
        body = json.dumps(wanted).encode()
        answer, at = await self._send("/v1/executions/bulk", move, move.who, body)
        if answer is None:
            return
        for item in from_json(answer.body)["items"]:
            if item["done"]:
                self.sent.at[taken[item["execution_id"]]].append(at)
            else:
                self.sent.refused[f"{move.command}: {item['code']}"] += 1

    async def _send(
        self, path: str, move: Move, who: str, body: bytes
    ) -> tuple[http.Answer | None, float]:
        """The answer, None for a refusal, and when it was there."""
        token = self._stand.token(who)
        began = time.perf_counter()
        answer = await self._http.send(http.request("POST", path, token=token, body=body))
        ended = time.perf_counter()
        if answer.status >= 300:
            code = from_json(answer.body).get("code") if answer.body else None
            self.sent.refused[f"{move.command}: {answer.status} {code}"] += 1
            return None, ended
        self.sent.call.append((ended - began) * 1000)
        return answer, ended
