"""Which executions count in a period, and when mere time changes what they add up to."""

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from services.rating.domain.credits import due_star
from services.rating.domain.facts import Scored
from services.rating.domain.methodologies import Methodology
from services.rating.domain.periods import Period
from shared.workdays import add_working_days

_GONE: Final = frozenset({"withdrawn", "superseded", "annulled"})


class Left(StrEnum):
    """Why an execution does not count."""

    NOT_PROTOCOL = "not_protocol"
    NOT_LEAD = "not_lead"
    NOT_CLUSTER = "not_cluster"
    GONE = "gone"
    OTHER_PERIOD = "other_period"
    NOT_YET_DUE = "not_yet_due"


def never_counts(facts: Scored) -> Left | None:
    """Why the execution counts in no period whatever; None if it can count in some."""
    if facts.origin != "protocol":
        return Left.NOT_PROTOCOL
    if facts.role != "lead":
        return Left.NOT_LEAD
    if facts.addressee != "cluster":
        return Left.NOT_CLUSTER
    if facts.status in _GONE:
        return Left.GONE
    return None


def left_out(facts: Scored, period: Period) -> Left | None:
    """Why the execution cannot count in the period whatever the date; None if it can."""
    never = never_counts(facts)
    if never is not None or facts.due in period:
        return never
    # Debt is carried into a period that began without a hand-in.
    carried = facts.due < period.start and not (facts.done and facts.done < period.start)
    return None if carried else Left.OTHER_PERIOD


def next_change(facts: Iterable[Scored], methodology: Methodology, today: date) -> date | None:
    """The local date at whose beginning mere time changes the sum; None if it never will.

    An execution becomes a debt the day after its due day; a debt's delay grows by working days.
    """
    coming = None
    for one in facts:
        if one.done is not None or never_counts(one) is not None:
            continue
        moment = due_star(one, methodology) + timedelta(days=1)
        if moment <= today:
            moment = add_working_days(today, 1)
        if coming is None or moment < coming:
            coming = moment
    return coming
