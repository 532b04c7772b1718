"""Statements about ЦУР's reviews: read off the versions of the facts."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.periods import Period
from services.rating.domain.reviews import Review
from shared.clock import MOSCOW

# A review begins with the version that brings `forwarded`, and ends with the one that takes it.
# Only executions that have one dated in the period are gone through, each by its key: what was
# before costs nothing.
_REVIEWS: Final = text(
    """
    with begun as materialized (
        select distinct execution_id
        from execution_versions
        where occurred_at >= :since and occurred_at < :until and occurred_at <= :as_of
          and status = 'forwarded' and role = 'lead' and addressee = 'cluster'
    )
    select region, occurred_at, decision, decided_at
    from begun cross join lateral (
        select region, status, occurred_at,
               lead(status) over (order by version) as decision,
               lead(occurred_at) over (order by version) as decided_at
        from (
            select version, region, status, occurred_at,
                   lag(status) over (order by version) as before
            from execution_versions
            where execution_id = begun.execution_id and occurred_at <= :as_of
              and role = 'lead' and addressee = 'cluster'
        ) said
        where before is distinct from status
    ) turn
    where status = 'forwarded' and occurred_at >= :since and occurred_at < :until
    order by region, occurred_at
    """
)
_DAY: Final = timedelta(days=1)
_GONE: Final = frozenset({"withdrawn", "superseded", "annulled"})


async def list_reviews(session: AsyncSession, period: Period, as_of: datetime) -> Sequence[Review]:
    """Reviews of what was handed in within the period; those that became needless are left out."""
    connection = await session.connection()
    rows = await connection.execute(_REVIEWS, _given(period, as_of))
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


def _given(period: Period, as_of: datetime) -> dict[str, Any]:
    """The period's days are Moscow's, where ЦУР is."""
    since, until = (
        datetime.combine(day, time(), MOSCOW) for day in (period.start, period.end + _DAY)
    )
    return {"as_of": as_of, "since": since, "until": until}
