"""What a register of executions can be asked for, and the dates its derived states turn on."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final
from uuid import UUID

from services.assignments.domain.executions import Addressee, ExecutorRole, Status
from shared.workdays import add_working_days

# A hyphen that neither joins what is on both sides of it nor stands right before what is unwanted,
# be that in quotes; to a query each of them would be a "not", however many there are.
_DASH: Final = re.compile(r"""(?<=-)-|-(?!["«„“(]?\w)""")


class Sort(StrEnum):
    """The orders of a register; each ends with the execution's id, so every order is total."""

    DUE = "due"
    DUE_LAST = "-due"
    PRIORITY = "priority"
    REGION = "region"
    UPDATED = "updated"
    UPDATED_LAST = "-updated"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which executions a register shows; None and False restrict nothing."""

    region: str | None = None
    federal_district: str | None = None
    cluster_id: UUID | None = None
    cohort: int | None = None
    industry: str | None = None
    protocol_id: UUID | None = None
    assignment_id: UUID | None = None
    meeting_id: UUID | None = None
    priority: int | None = None
    status: tuple[Status, ...] = ()
    addressee: Addressee | None = None
    role: ExecutorRole | None = None
    coordinator_id: UUID | None = None
    overdue: bool = False
    due_soon: bool = False
    due_from: date | None = None
    due_to: date | None = None
    awaiting_review: bool = False
    extension_requested: bool = False
    inactive_since: date | None = None
    q: str | None = None


def without_dashes(q: str) -> str:
    """The words with blanks for dashes: what is left of hyphens joins words or says "not"."""
    return _DASH.sub(" ", q)


@lru_cache(maxsize=256)
def rework_over(day: date, rework_days: int) -> date:
    """The latest return whose days of rework are all over before the day.

    That is `effective_due` turned around: the rework of a return on `found` or earlier ends
    before the day, and the rework of any later return does not.
    """
    found = day - timedelta(days=1)
    while add_working_days(found, rework_days) >= day:
        found -= timedelta(days=1)
    return found


@lru_cache(maxsize=256)
def no_longer_soon(today: date, due_soon_days: int) -> date:
    """The first day that is more than so many working days ahead."""
    return add_working_days(today, due_soon_days + 1)
