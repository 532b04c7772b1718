"""Statements about ЦУР's reviews: read off the versions of the facts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.periods import Period
from services.rating.domain.reviews import Review
from shared.clock import MOSCOW

# A review begins with the version that brings `forwarded`, and ends with the one that takes it.
_REVIEWS: Final = text(
    """
    with said as (
        select execution_id, version, region, status, occurred_at,
               lag(status) over execution as before
        from execution_versions
        where occurred_at <= :as_of and role = 'lead' and addressee = 'cluster'
        window execution as (partition by execution_id order by version)
    ), turns as (
        select region, status, occurred_at,
               lead(status) over execution as decision,
               lead(occurred_at) over execution as decided_at
        from said
        where before is distinct from status
        window execution as (partition by execution_id order by version)
    )
    select region, occurred_at, decision, decided_at
    from turns
    where status = 'forwarded'
      and cast(timezone('Europe/Moscow', occurred_at) as date) between :start and :end
    order by region, occurred_at
    """
)
_GONE: Final = frozenset({"withdrawn", "superseded", "annulled"})


async def list_reviews(session: AsyncSession, period: Period, as_of: datetime) -> Sequence[Review]:
    """Reviews of what was handed in within the period; those that became needless are left out."""
    connection = await session.connection()
    rows = await connection.execute(
        _REVIEWS, {"as_of": as_of, "start": period.start, "end": period.end}
    )
    return [
        Review(
            region,
            begun_at.astimezone(MOSCOW).date(),
            decided_at.astimezone(MOSCOW).date() if decided_at else None,
            accepted=decision == "accepted",
        )
        for region, begun_at, decision, decided_at in rows
        if decision not in _GONE
    ]
