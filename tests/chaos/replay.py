"""The same log heard by a rating that nobody disturbs: its standings, as a hash."""

import hashlib
import json
from datetime import datetime
from itertools import groupby
from typing import Final
from uuid import uuid4

from services.rating.consumers import events
from services.rating.service import standings as service
from shared import migrations
from shared.db import open_sessions, transaction
from shared.envelopes import Message
from tests.chaos.stage import Stage

_HEARD: Final = (
    ("directory", "directory.regions"),
    ("directory", "directory.clusters"),
    ("meetings", "meetings.attendance"),
    ("assignments", "assignments.assignments"),
    ("assignments", "assignments.executions"),
)
_RUN: Final = 1000
_STANDINGS: Final = """
select region, numerator, weight, executions, on_time, debts, provisional, delay, returns,
       extensions, next_change::text
from standings where period = $1 order by region
"""


async def standings_hashes(stage: Stage) -> tuple[str, str]:
    """Of the stack's own standings of the current month, and of those of an undisturbed replay."""
    board = await stage.client.read("auditor", "rating", "/v1/ratings/regions")
    name = f"replay_{uuid4().hex[:8]}"
    await stage.sql("postgres", f"create database {name}")
    dsn = stage.dsn(name)
    await migrations.upgrade("rating", dsn)
    async with open_sessions(dsn) as sessions:
        for owner, heard_of in _HEARD:
            rows = await stage.sql(
                owner,
                "select topic, partition, type, id::text, seq, data from outbox"
                " where topic = $1 order by partition, seq",
                heard_of,
            )
            for start in range(0, len(rows), _RUN):
                async with transaction(sessions) as session:
                    heard = []
                    for topic, partition, kind, id_, seq, data in rows[start : start + _RUN]:
                        parsed = events.parse(
                            Message(topic, partition, kind, id_, seq, data.encode())
                        )
                        assert parsed is not None
                        heard.append(parsed)
                    for handler, run in groupby(heard, key=lambda item: item[0]):
                        await handler(session, [event for _, event in run])
        async with transaction(sessions) as session:
            await service.score(session, datetime.fromisoformat(board["as_of"]))
    return await _hash(stage, "rating", board["period"]), await _hash(stage, name, board["period"])


async def _hash(stage: Stage, database: str, period: str) -> str:
    rows = [list(row) for row in await stage.sql(database, _STANDINGS, period)]
    assert len(rows) == 89
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()
