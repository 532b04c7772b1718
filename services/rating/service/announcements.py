"""What the rating tells others: events in the outbox, in the transaction of what they tell.

A note beside them in the same transaction lets deliveries to subscribers be made of them later.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.methodologies import Methodology
from services.rating.domain.scores import Tally
from services.rating.models import Slice
from services.rating.repository import announcements
from services.rating.repository import slices as repository
from shared import outbox
from shared.events.rating import SliceEvent, SliceLine, StandingChanged


async def announce_slice(
    session: AsyncSession, kind: type[SliceEvent], one: Slice, *, now: datetime
) -> None:
    """Tell of the slice and all its lines."""
    rows = await repository.rows_of(session, one.id)
    items = [
        SliceLine(
            region=row.region,
            raw_bp=row.raw_bp,
            stabilised_bp=row.stabilised_bp,
            zone=row.zone.value if row.zone else None,
            place=row.place,
        )
        for row in rows
    ]
    told = one.model_dump(include=set(kind.model_fields) - {"items", "occurred_at"})
    event = kind(**told, slice_id=one.id, occurred_at=now, items=tuple(items))
    await announcements.note(session, await outbox.add(session, [event]))


async def announce_standings(
    session: AsyncSession,
    period: str,
    changed: Sequence[tuple[str, Tally]],
    methodology: Methodology,
    *,
    revision: int,
    now: datetime,
) -> None:
    """Tell of the regions whose standings were stored under the revision."""
    events = []
    for region, one in changed:
        zone = one.zone(methodology)
        events.append(
            StandingChanged(
                version=revision,
                occurred_at=now,
                period=period,
                region=region,
                methodology=methodology.code,
                methodology_version=methodology.version,
                **{name: getattr(one, name) for name in Tally.__dataclass_fields__},
                raw_bp=one.raw_bp,
                zone=zone.value if zone else None,
            )
        )
    await announcements.note(session, await outbox.add(session, events))
