"""When a milestone is done: when every deliverable is there, and not before.

A deliverable is there because a thing exists: a list, a session held, a report approved. What
exists is told by the facts of the association; a plan's own word for it counts nowhere.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.errors import Conflict


class Rule(StrEnum):
    """By which thing a deliverable is there."""

    DOCUMENT = "document"
    DIRECTIONS = "directions"
    GROUPS = "groups"
    RESPONSIBLES = "responsibles"
    INTERIM_REPORTS = "interim_reports"
    EXPANSION = "expansion"
    SESSION = "session"
    IN_PERSON_SESSION = "in_person_session"
    STRATEGIC_SESSION = "strategic_session"
    CONSTITUTED = "constituted"
    ANNUAL_REPORT = "annual_report"
    NEXT_ROADMAP = "next_roadmap"


class MilestoneState(StrEnum):
    """Where a milestone stands on a day."""

    UPCOMING = "upcoming"
    OPEN = "open"
    AT_RISK = "at_risk"
    LATE = "late"
    DONE = "done"


class ActivityKind(StrEnum):
    """What an association holds or runs."""

    SESSION = "session"
    IN_PERSON_SESSION = "in_person_session"
    STRATEGIC_SESSION = "strategic_session"
    EVENT = "event"
    PROJECT = "project"


class DeliverableIsDerived(Conflict):
    """Its thing says by itself whether it is there; no document stands in for it."""

    code = "deliverable_is_derived"
    title = "Результат подтверждается не документом"


class GroupReportedAlready(Conflict):
    """A group reports to a milestone once."""

    code = "group_already_reported"
    title = "Группа уже отчиталась"


@dataclass(frozen=True, slots=True)
class Plan:
    """What the rules need of a milestone: whose year it is about, and when it is due."""

    id: UUID
    subject_year: int
    due_on: date


@dataclass(frozen=True, slots=True)
class Term:
    """From a day to a day, both included."""

    first: date
    last: date | None


@dataclass(slots=True)
class Facts:
    """What exists in an association, each thing with its day."""

    constituted_on: date | None = None
    directions: list[Term] = field(default_factory=list)
    groups: dict[UUID, Term] = field(default_factory=dict)
    responsibles: list[Term] = field(default_factory=list)
    # (milestone, group) → day of the first report.
    reports: dict[tuple[UUID, UUID], date] = field(default_factory=dict)
    # Clusters of the industry: cohort and the first day of acting, none for what is only planned.
    clusters: dict[UUID, tuple[int, date | None]] = field(default_factory=dict)
    closed: dict[UUID, date] = field(default_factory=dict)
    # The day a cluster first joined.
    joined: dict[UUID, date] = field(default_factory=dict)
    # (kind, milestone) → day of the first one held.
    activities: dict[tuple[ActivityKind, UUID], date] = field(default_factory=dict)
    # Year → day of approval, and of making.
    approved: dict[int, date] = field(default_factory=dict)
    roadmaps: dict[int, date] = field(default_factory=dict)


def _first_of(terms: Iterable[Term], plan: Plan) -> date | None:
    """The first day of what reaches into the milestone's year."""
    reaching = [
        term.first for term in terms if term.last is None or term.last.year >= plan.subject_year
    ]
    return min(reaching, default=None)


def _all_by(days: Collection[date | None]) -> date | None:
    """The day the last of them came; none where one is missing."""
    present = [day for day in days if day is not None]
    return max(present, default=None) if len(present) == len(days) else None


def _interim(plan: Plan, facts: Facts) -> date | None:
    """Every group that worked by the milestone's date has reported to it."""
    groups = [group for group, term in facts.groups.items() if term.first <= plan.due_on]
    return _all_by([facts.reports.get((plan.id, group)) for group in groups])


def _expansion(plan: Plan, facts: Facts) -> date | None:
    """Every cluster of the year's cohort that had begun to act by the milestone's date has joined.

    One that was closed instead is waited for no more, but somebody must have joined. Where none
    acted by the date, those that come later are waited for: a cohort not entered yet is no
    expansion. Where the cohort has no cluster at all, the date itself settles it.
    """
    cohort = {
        cluster: active
        for cluster, (year, active) in facts.clusters.items()
        if year == plan.subject_year
    }
    if not cohort:
        return plan.due_on
    in_time = [one for one, active in cohort.items() if active and active <= plan.due_on]
    awaited = in_time or list(cohort)
    if facts.joined.keys().isdisjoint(awaited):
        return None
    return _all_by([facts.joined.get(one) or facts.closed.get(one) for one in awaited])


def _held(kind: ActivityKind) -> Callable[[Plan, Facts], date | None]:
    return lambda plan, facts: facts.activities.get((kind, plan.id))


RULES: Final[Mapping[Rule, Callable[[Plan, Facts], date | None]]] = {
    Rule.DIRECTIONS: lambda plan, facts: _first_of(facts.directions, plan),
    Rule.GROUPS: lambda plan, facts: _first_of(facts.groups.values(), plan),
    Rule.RESPONSIBLES: lambda plan, facts: _first_of(facts.responsibles, plan),
    Rule.INTERIM_REPORTS: _interim,
    Rule.EXPANSION: _expansion,
    Rule.SESSION: _held(ActivityKind.SESSION),
    Rule.IN_PERSON_SESSION: _held(ActivityKind.IN_PERSON_SESSION),
    Rule.STRATEGIC_SESSION: _held(ActivityKind.STRATEGIC_SESSION),
    Rule.CONSTITUTED: lambda _, facts: facts.constituted_on,
    Rule.ANNUAL_REPORT: lambda plan, facts: facts.approved.get(plan.subject_year),
    Rule.NEXT_ROADMAP: lambda plan, facts: facts.roadmaps.get(plan.subject_year + 1),
}


def fulfilled_on(
    rule: Rule, plan: Plan, facts: Facts, *, document_on: date | None, at: date
) -> date | None:
    """The day the deliverable came to be, if by the day asked about it had."""
    found = document_on if rule is Rule.DOCUMENT else RULES[rule](plan, facts)
    return found if found is not None and found <= at else None


def done_on(fulfilled: Sequence[date | None]) -> date | None:
    """The day the last deliverable came; none while one is missing, or where there are none."""
    return _all_by(fulfilled)


def state_at(
    done: date | None, *, starts_on: date | None, due_on: date, at_risk_days: int, at: date
) -> MilestoneState:
    """Done is done; what is not is late after its date and at risk shortly before."""
    if done is not None:
        return MilestoneState.DONE
    if at > due_on:
        return MilestoneState.LATE
    if starts_on is not None and at < starts_on:
        return MilestoneState.UPCOMING
    if at > due_on - timedelta(days=at_risk_days):
        return MilestoneState.AT_RISK
    return MilestoneState.OPEN


def a_year_on(day: date) -> date:
    """The same day of the next year; of 29 February, the 28th."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return day.replace(year=day.year + 1, day=28)
