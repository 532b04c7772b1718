"""Rounds: faults happen under the load, are lifted and healed, and then the oracle is asked."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from tests.chaos.client import Trouble
from tests.chaos.faults import LOST, Fault
from tests.chaos.journal import Ledger
from tests.chaos.report import Account, Round
from tests.chaos.stage import Stage

MOST_SHOWN: Final = 20
Check = Callable[[Stage, Ledger], Awaitable[list[str]]]


class Rounds:
    """Runs them one after another, and keeps account."""

    def __init__(self, stage: Stage, ledger: Ledger, account: Account) -> None:
        self._stage = stage
        self._ledger = ledger
        self._account = account
        self._began = time.monotonic()
        # Troubles seen so far have been accounted for.
        self._seen = 0

    async def run(self, faults: Sequence[Fault], checks: Sequence[Check]) -> None:
        """Raises `AssertionError` with what does not hold; the account says it too."""
        stage, name = self._stage, " + ".join(fault.name for fault in faults)
        before = self._ledger.counts.copy()
        stage.load.go()
        await stage.a_moment(stage.brief)
        calm = self._troubles()
        began = time.monotonic()
        found = [f"5xx outside of any fault: {one}" for one in self._not_late(calm)]
        lifted, recovered = began, 0.0
        try:
            await asyncio.gather(*(fault.inject(stage) for fault in faults))
            lifted = time.monotonic()
            recovered = await stage.healed()
            await stage.load.pause()
            await stage.settled()
        except (AssertionError, TimeoutError) as error:
            found.append(f"not healed: {error}")
            checks = ()
        self._ledger.catch_up()
        troubles = self._troubles()
        strange = self._not_late(unexpected(faults, troubles))
        found += [f"a trouble not of this fault: {one}" for one in strange]
        for check in checks:
            found += [f"{check.__name__}: {line}" for line in await check(stage, self._ledger)]
        done = self._ledger.counts - before
        self._account.rounds.append(
            Round(
                name,
                began - self._began,
                lifted - began,
                recovered,
                done["ok"],
                done["refused"],
                done["unknown"],
                sum(one.status is not None for one in troubles),
                sum(one.status is None for one in troubles),
                not found,
            )
        )
        self._account.differences += [f"{name}: {line}" for line in found[:MOST_SHOWN]]
        assert not found, "\n".join(found[:MOST_SHOWN])

    def _not_late(self, troubles: list[Trouble]) -> list[Trouble]:
        """Without those of servers kept waiting for a processor; they are only counted."""
        left = [one for one in troubles if not self._stage.pulse.excuses(one)]
        self._account.late += len(troubles) - len(left)
        return left

    def _troubles(self) -> list[Trouble]:
        found = self._stage.client.troubles[self._seen :]
        self._seen += len(found)
        return found


def unexpected(faults: Sequence[Fault], troubles: Sequence[Trouble]) -> list[Trouble]:
    """Those that none of the faults excuses; a 500 is never excused, nor any but a 503."""
    excused = frozenset[tuple[str, str]]().union(*(fault.misses for fault in faults))
    return [
        one
        for one in troubles
        if (one.service, LOST if one.status is None else one.code) not in excused
        or one.status not in (None, 503)
    ]
