"""The control section of an agenda: what each region owes on the day, from facts of executions."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

import msgspec

from shared.events.views import Int32, View
from shared.workdays import add_working_days

DUE_SOON: Final = timedelta(days=7)
# After a return there are as many working days to mend the report, whatever the due date was.
REWORK_WORKING_DAYS: Final = 3


class HeardExecution(View, frozen=True, kw_only=True, gc=False):
    """What an agenda needs of an execution's facts; dates are in the region's zone."""

    execution_id: UUID
    version: Int32
    region: str
    cluster_id: UUID | None
    cohort: Int32 | None
    role: str
    due: date
    returned_on: date | None
    done: date | None
    status: str
    occurred_at: Annotated[datetime, msgspec.Meta(tz=True)]


@dataclass(frozen=True, slots=True)
class OpenWork:
    """How many open executions of a region share these dates."""

    region: str
    due: date
    returned_on: date | None
    handed_in: bool
    count: int


@dataclass(frozen=True, slots=True)
class ControlLine:
    """What one region owes: overdue, due within seven days, handed in and not yet accepted."""

    region: str
    overdue: int = 0
    due_soon: int = 0
    awaiting: int = 0


def due_star(due: date, returned_on: date | None) -> date:
    """The day after whose end the execution is overdue."""
    if returned_on is None:
        return due
    return max(due, add_working_days(returned_on, REWORK_WORKING_DAYS))


def control_lines(work: Iterable[OpenWork], today: Mapping[str, date]) -> list[ControlLine]:
    """The regions that owe something, by code; `today` is each region's own date.

    A region without a date is one the directory has not told of yet: it is left out.
    """
    counts: dict[str, list[int]] = {}
    for one in work:
        day = today.get(one.region)
        if day is None:
            continue
        overdue, soon, awaiting = counts.setdefault(one.region, [0, 0, 0])
        if one.handed_in:
            awaiting += one.count
        else:
            due = due_star(one.due, one.returned_on)
            if due < day:
                overdue += one.count
            elif due <= day + DUE_SOON:
                soon += one.count
        counts[one.region] = [overdue, soon, awaiting]
    return [ControlLine(region, *found) for region, found in sorted(counts.items()) if any(found)]


def control_text(lines: Iterable[ControlLine]) -> str | None:
    """The question under which the section is heard; None where nobody owes anything."""
    lines = list(lines)
    if not lines:
        return None
    overdue, soon, awaiting = (
        sum(getattr(line, name) for line in lines) for name in ("overdue", "due_soon", "awaiting")
    )
    return (
        f"Исполнение поручений: просрочено {overdue}, срок в ближайшие семь дней {soon},"
        f" ждут приёмки {awaiting} (регионов: {len(lines)})."
    )
