"""The register: who looks, at what, and what is overdue at that moment; saved orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import OPEN, Status
from services.assignments.domain.register import Sort, Wanted
from services.assignments.models import SavedView
from services.assignments.repository import policies, views
from services.assignments.repository import register as repository
from services.assignments.repository.register import Line, Scope
from services.assignments.repository.rows import regions_open_to
from shared.auth import Actor, Rows
from shared.errors import Conflict
from shared.ids import new_id

MAX_VIEWS: Final = 100


class ViewNameTaken(Conflict):
    """The actor has a saved order of this name."""

    code = "view_name_taken"
    title = "Отбор с таким названием уже есть"


class TooManyViews(Conflict):
    """The actor has as many saved orders as one may have."""

    code = "too_many_views"
    title = "Слишком много сохранённых отборов"


@dataclass(slots=True)
class Tally:
    """How many executions, and in which derived states."""

    total: int = 0
    open: int = 0
    overdue: int = 0
    due_soon: int = 0
    awaiting_review: int = 0

    def add(self, row: Any) -> None:
        self.total += row.total
        self.open += row.total if row.status in OPEN else 0
        self.overdue += row.overdue
        self.due_soon += row.due_soon
        self.awaiting_review += row.awaiting_review


@dataclass(slots=True)
class RegionTally(Tally):
    """The same of one region."""

    region: str = ""
    name: str | None = None


@dataclass(slots=True)
class Overview:
    """The counters of a register."""

    tally: Tally
    by_status: dict[Status, int]
    by_region: list[RegionTally]


async def scope_of(session: AsyncSession, actor: Actor, wanted: Wanted, now: datetime) -> Scope:
    """What the actor asks for, judged at the instant. Raises `OutOfCalendar`."""
    known = await policies.all_policies(session)
    return Scope(actor=actor, wanted=wanted, flags=repository.flags_at(now, known))


async def look(
    session: AsyncSession, scope: Scope, sort: Sort, *, after: tuple[Any, ...] | None, limit: int
) -> Sequence[Line]:
    """A stretch of the register."""
    return await repository.list_lines(session, scope, sort, after=after, limit=limit)


def sees_many_regions(actor: Actor) -> bool:
    """Whether counters by region say anything to the actor."""
    regions = regions_open_to(actor)
    return regions is None or Rows.INDUSTRY in actor.rows or len(regions) > 1


async def overview(session: AsyncSession, scope: Scope) -> Overview:
    """Counters of all rows the scope has; regions that have any, by code."""
    found = Overview(Tally(), {}, [])
    names = {region.code: region.short_name for region in await repository.known_regions(session)}
    by_region: dict[str, RegionTally] = {}
    for row in await repository.counted(session, scope):
        found.tally.add(row)
        found.by_status[row.status] = found.by_status.get(row.status, 0) + row.total
        code = row.region
        by_region.setdefault(code, RegionTally(region=code, name=names.get(code))).add(row)
    found.by_region = [by_region[code] for code in sorted(by_region)]
    return found


async def by_region(session: AsyncSession, scope: Scope) -> list[RegionTally]:
    """Every region the actor looks at, those without an execution too, by name.

    Who sees all sees all regions. To others a zero of a region that is not theirs would be a
    lie: they get their own, and those in which something is theirs.
    """
    counted = {one.region: one for one in (await overview(session, scope)).by_region}
    open_to = regions_open_to(scope.actor)
    for region in await repository.known_regions(session):
        if open_to is None or region.code in open_to:
            empty = RegionTally(region=region.code, name=region.short_name)
            counted.setdefault(region.code, empty)
    return sorted(counted.values(), key=_by_name)


def _by_name(one: RegionTally) -> tuple[str, str]:
    return (one.name or one.region).lower().replace("ё", "е"), one.region


async def save_view(
    session: AsyncSession,
    actor: Actor,
    *,
    name: str,
    filter: dict[str, Any],
    sort: Sort,
    now: datetime,
) -> SavedView:
    """Keep an order under a name. Raises `ViewNameTaken`, `TooManyViews`."""
    if await views.count_views(session, actor.id) >= MAX_VIEWS:
        raise TooManyViews(f"Сохранить можно не больше {MAX_VIEWS} отборов: удалите лишние.")
    view = SavedView(
        id=new_id(), actor=actor.id, name=name, filter=filter, sort=sort, created_at=now
    )
    if not await views.add_view(session, view):
        raise ViewNameTaken(f"У вас уже есть отбор «{name}».", field="body.name")
    return view


async def recall(
    session: AsyncSession, actor: Actor, view_id: UUID | None, said: dict[str, Any]
) -> dict[str, Any]:
    """What was said, over what the view says. Raises `ViewNotFound`."""
    if view_id is None:
        return said
    view = await views.get_view(session, view_id, actor.id)
    return {**view.filter, "sort": view.sort, **said}
