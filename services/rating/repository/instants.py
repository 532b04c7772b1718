"""What an instant's tallies are made of: those of the day before, and what has changed since."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Final

import msgspec
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.facts import Facts
from services.rating.domain.scores import Tally

_SCORED: Final = ", ".join(one.name for one in fields(Facts))
_SUMS: Final = ", ".join(f"'{one.name}', {one.name}" for one in fields(Tally))
# One statement, so that all of it is of one snapshot.
_CHANGED: Final = text(
    f"""
    with wanted as materialized (
        select p.*, w.begun
        from unnest(cast(:regions as text[]), cast(:days as date[]), cast(:begun as timestamptz[]))
            as w(region, day, begun)
        join trend_marks m on m.region = w.region and m.through >= w.day
        join trends p on p.period = :period and p.day = w.day and p.region = w.region
    ), touched as materialized (
        select distinct v.execution_id, w.region, w.begun
        from execution_versions v join wanted w on w.region = v.region
        where v.occurred_at > :earliest and v.occurred_at > w.begun and v.occurred_at <= :as_of
    )
    select region, 'kept' as kind, cast(json_build_object({_SUMS}) as text) as said from wanted
    union all
    select t.region, 'before', cast(row_to_json(f) as text) from touched t cross join lateral (
        select {_SCORED} from execution_versions v
        where v.execution_id = t.execution_id and v.occurred_at <= t.begun
        order by version desc limit 1
    ) f
    union all
    select t.region, 'after', cast(row_to_json(f) as text) from touched t cross join lateral (
        select {_SCORED} from execution_versions v
        where v.execution_id = t.execution_id and v.occurred_at <= :as_of
        order by version desc limit 1
    ) f
    """  # noqa: S608 - our names
)


@dataclass(slots=True)
class Change:
    """A region's tally at the end of a day, and the facts that changed since: before and after."""

    kept: Tally = field(default_factory=Tally)
    before: list[Facts] = field(default_factory=list)
    after: list[Facts] = field(default_factory=list)


async def changed_since(
    session: AsyncSession,
    period: str,
    ends: Mapping[str, tuple[date, datetime]],
    as_of: datetime,
) -> Mapping[str, Change]:
    """By region, from the end of this day in its zone until `as_of`.

    Regions whose day is not kept, or is to be worked out again, are left out. Costs what has
    changed in between, however long the history.
    """
    if not ends:
        return {}
    connection = await session.connection()
    rows = await connection.execute(
        _CHANGED,
        {
            "period": period,
            "regions": list(ends),
            "days": [day for day, _ in ends.values()],
            "begun": [begun for _, begun in ends.values()],
            "earliest": min(begun for _, begun in ends.values()),
            "as_of": as_of,
        },
    )
    found: dict[str, Change] = defaultdict(Change)
    for region, kind, said in rows:
        if kind == "kept":
            found[region].kept = msgspec.json.decode(said, type=Tally)
        else:
            facts = found[region].before if kind == "before" else found[region].after
            facts.append(msgspec.json.decode(said, type=Facts))
    return found
