"""Who holds a region's office on a day, and since when."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.models import Tenure
from services.assignments.repository import coordination, notifications

OFFICES: Final = ("coordinator", "authority_head")


@dataclass(frozen=True, slots=True)
class Holder:
    """A person in an office, from which day, and since when that is known here, if it is told.

    A deputy stands in for the day: `since` and `heard_at` are None.
    """

    person_id: UUID
    since: date | None
    heard_at: datetime | None


class Offices:
    """The offices of all regions on the days from `first` on."""

    def __init__(self, tenures: Sequence[Tenure], away: Mapping[date, set[str]]) -> None:
        self._of: dict[tuple[str, str], list[Tenure]] = defaultdict(list)
        for tenure in tenures:
            self._of[tenure.region, tenure.office].append(tenure)
        self._away = away

    def holder(self, region: str, office: str, day: date) -> Holder | None:
        """Who holds it; the deputy while the coordinator is away or missing."""
        found = self._at(region, office, day)
        if office == "coordinator" and (found is None or region in self._away[day]):
            deputy = self._at(region, "deputy", day)
            if deputy is not None:
                return Holder(deputy.person_id, None, None)
        return Holder(found.person_id, found.valid_from, found.heard_at) if found else None

    def _at(self, region: str, office: str, day: date) -> Tenure | None:
        for tenure in self._of[region, office]:
            if tenure.valid_from <= day <= (tenure.valid_to or date.max):
                return tenure
        return None


async def offices_on(session: AsyncSession, days: Sequence[date]) -> Offices:
    """The offices of all regions on these days."""
    tenures = await notifications.tenures(session, ending_from=min(days))
    regions = sorted({tenure.region for tenure in tenures})
    away = {day: await coordination.absent_at(session, regions, day) for day in set(days)}
    return Offices(tenures, away)
