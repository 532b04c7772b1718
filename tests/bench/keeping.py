"""Keeps the tallies of days that have ended, as the rating's worker does while they pass."""

import time
from datetime import date, datetime, timedelta

import asyncpg

from services.rating.repository import positions
from services.rating.service import trends
from shared.db import open_sessions, transaction
from shared.events.base import PARTITIONS


async def keep_days(dsn: str, now: datetime, since: date | None = None) -> float:
    """Work out the days up to `now`, from `since` on where it is given; the seconds it took.

    Days before `since` are taken for kept: nothing that is asked of later ones reads them.
    """
    connection = await asyncpg.connect(dsn)
    try:
        await connection.executemany(
            "insert into consumer_positions (topic, partition, seq, broker_offset, through)"
            " values ($1, $2, 0, 0, $3)",
            [(topic, number, now) for topic in positions.RATED for number in range(PARTITIONS)],
        )
        if since is not None:
            await connection.execute(
                "insert into trend_marks (region, through) select code, $1 from regions",
                since - timedelta(days=1),
            )
    finally:
        await connection.close()
    began = time.monotonic()
    async with open_sessions(dsn) as sessions:
        # The first turn may only put the marks down.
        idle = 0
        while idle < 2:
            async with transaction(sessions) as session:
                kept = await trends.advance(session, now)
            idle = 0 if kept else idle + 1
    return time.monotonic() - began
