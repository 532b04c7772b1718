"""The best and the worst a region can still reach by the end of a period.

The end is the moment the period's last day has ended in the region's zone; once that is past,
the end of today. Until then the region may hand in whatever is open, on any day or not at all,
and each such course of events ends in some score: the corridor is the least and the greatest of
them, exactly. What nobody can know stays out: new assignments, moved dates, withdrawals, and
the return of a hand-in that does not stand yet.

**What must count by then.** An execution with `due* ≤ end` counts whatever is done: as a debt
(0), or with a credit that only falls day by day; so the best is to hand it in on the first day
that counts, today, and the worst is never. That it is not due yet is no reason to wait: it will
weigh the same in the end. **What may stay out.** An execution returned so late that its days of
grace outlast the period (`due* > end`) counts only if it is handed in, and then with no delay:
`R·E`. It helps a region whose score is below that and dilutes one whose score is above; so it is
taken into the best, or the worst, only where it moves the score that way. The same holds, when
the period has yet to begin, for old debts: handed in before its first day they never enter it.

The best is not simply «everything today» nor the worst «nothing», but differs from them only by
executions of these two kinds. Raw and stabilised scores have ends of their own, as μ shifts the
point below which a credit dilutes.

**Returns.** What awaits review may come back. The second worst lets ЦУР return each such hand-in
once, on the worst day: at once if its days of grace then end within the period (a debt, 0), and
otherwise it may leave the score altogether, or be handed in again and be worth one return less.
A hand-in made before the period counts in an earlier one; returned, it is carried into this one,
so the caller brings such facts too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction

from services.rating.domain.actions import awaits_review, handed_in, is_open
from services.rating.domain.cohorts import left_out, never_counts
from services.rating.domain.credits import credit, due_star
from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import Methodology
from services.rating.domain.periods import Period
from services.rating.domain.scores import Tally, half_up


@dataclass(frozen=True, slots=True)
class Reach:
    """What one execution may be worth at the end if it counts, and whether it may not count."""

    weight: int
    least: int
    most: int
    may_stay_out: bool


@dataclass(frozen=True, slots=True)
class Ends:
    """The least and the greatest score, where anything counts at all."""

    worst_bp: int | None
    best_bp: int | None


@dataclass(frozen=True, slots=True)
class Contender:
    """Where a region's stabilised score may end, and how many executions may count in it."""

    ends: Ends
    fewest: int
    most: int

    @classmethod
    def standing_still(cls, one: Tally, mu_bp: int, methodology: Methodology) -> "Contender":
        stabilised = one.stabilised_bp(mu_bp, methodology)
        return cls(Ends(stabilised, stabilised), one.executions, one.executions)


@dataclass(frozen=True, slots=True)
class Corridor:
    """Between which scores a region will end, and how low if ЦУР returns what it has."""

    end: date
    raw: Ends
    stabilised: Ends
    raw_worst_with_returns_bp: int | None
    stabilised_worst_with_returns_bp: int | None
    fewest: int
    most: int
    most_with_returns: int

    @property
    def contender(self) -> Contender:
        return Contender(self.stabilised, self.fewest, self.most)

    @property
    def contender_with_returns(self) -> Contender:
        ends = Ends(self.stabilised_worst_with_returns_bp, self.stabilised.best_bp)
        return Contender(ends, self.fewest, self.most_with_returns)


def end_of(period: Period, today: date) -> date:
    """The day at whose end the corridor ends."""
    return max(period.end, today)


def corridor(
    facts: Iterable[Facts], period: Period, methodology: Methodology, today: date, mu_bp: int
) -> Corridor:
    """The corridor of a region from `today`, whose facts these are."""
    end = end_of(period, today)
    calm, rough = [], []
    for one in facts:
        if never_counts(one) is not None or one.due > period.end:
            continue
        reach = _reach(one, period, methodology, today, end)
        if reach is not None:
            calm.append(reach)
        if awaits_review(one):
            rough.append(_reach_if_returned(one, reach, methodology, today, end))
        elif reach is not None:
            rough.append(reach)
    kappa = methodology.kappa
    return Corridor(
        end,
        _ends(calm, 0, 0),
        _ends(calm, kappa * mu_bp, kappa),
        _ends(rough, 0, 0).worst_bp,
        _ends(rough, kappa * mu_bp, kappa).worst_bp,
        sum(not one.may_stay_out for one in calm),
        len(calm),
        len(rough),
    )


def _reach(
    one: Facts, period: Period, methodology: Methodology, today: date, end: date
) -> Reach | None:
    """Without returns; None if it cannot count."""
    if left_out(one, period) is not None:
        return None
    if not is_open(one):
        value = _worth(one, methodology)
        return Reach(one.weight, value, value, may_stay_out=False)
    carried = one.due < period.start
    # A debt handed in before the period never enters it.
    first = max(today, period.start) if carried else today
    most = _worth(handed_in(one, first), methodology)
    if due_star(one, methodology) <= end:
        return Reach(one.weight, 0, most, may_stay_out=carried and today < period.start)
    return Reach(one.weight, _worth(handed_in(one, end), methodology), most, may_stay_out=True)


def _reach_if_returned(
    one: Facts, calm: Reach | None, methodology: Methodology, today: date, end: date
) -> Reach:
    """What awaits review, with one more return on any day from today to the end.

    Handed in before the period it does not count, until it is returned: then it is carried in.
    """
    back = replace(one, done=None, status="returned", returns=one.returns + 1, returned_on=today)
    again = 0
    if due_star(back, methodology) > end:
        again = _worth(handed_in(back, end), methodology)
    least = again if calm is None else min(calm.least, again)
    most = again if calm is None else max(calm.most, again)
    return Reach(one.weight, least, most, may_stay_out=True)


def _worth(one: Facts, methodology: Methodology) -> int:
    assert one.done is not None, "only a hand-in is worth something"
    found = credit(one, methodology, one.done)
    assert found is not None, "a hand-in has a credit whatever the date"
    return found.value


def _ends(reaches: Sequence[Reach], numerator: int, weight: int) -> Ends:
    """The ends of the mean over what counts, begun with a numerator and a weight."""
    least = [(one.weight, one.least, one.may_stay_out) for one in reaches]
    most = [(one.weight, one.most, one.may_stay_out) for one in reaches]
    return Ends(_extreme(least, numerator, weight, -1), _extreme(most, numerator, weight, 1))


def _extreme(
    worths: Sequence[tuple[int, int, bool]], numerator: int, weight: int, sign: int
) -> int | None:
    """The greatest mean (`sign` 1) or the least (−1) over every choice of what may stay out.

    Whatever lies beyond the mean moves it further that way; whatever does not, never will, since
    the mean only moves on. If nothing has to count, one execution does: the one that moves the
    mean furthest, or holds it back least.
    """
    for one_weight, value, may_stay_out in worths:
        if not may_stay_out:
            numerator += one_weight * value
            weight += one_weight
    chosen = any(not may_stay_out for _, _, may_stay_out in worths)
    may = sorted(
        ((value, one_weight) for one_weight, value, may_stay_out in worths if may_stay_out),
        reverse=sign > 0,
    )
    start, begun = numerator, weight
    for value, one_weight in may:
        if sign * (value * weight - numerator) > 0:
            numerator += one_weight * value
            weight += one_weight
            chosen = True
    if chosen:
        return half_up(numerator, weight)
    if not may:
        return None
    singles = [Fraction(start + one * value, begun + one) for value, one in may]
    furthest = max(singles) if sign > 0 else min(singles)
    return half_up(furthest.numerator, furthest.denominator)


@dataclass(frozen=True, slots=True)
class Span:
    """The places between which a region will end; None where too few executions can count."""

    best: int | None
    worst: int | None


def span(own: Contender, others: Iterable[Contender], methodology: Methodology) -> Span:
    """The places that the ends of the scores allow, the region's own and the others'.

    Equal scores count for the region in its best place and against it in its worst, for what
    decides a tie is not in the ends.
    """
    least = methodology.least_for_place
    if own.ends.best_bp is None or own.ends.worst_bp is None or own.most < least:
        return Span(None, None)
    best = worst = 1
    for other in others:
        if other.ends.worst_bp is None or other.ends.best_bp is None:
            continue
        best += other.fewest >= least and other.ends.worst_bp > own.ends.best_bp
        worst += other.most >= least and other.ends.best_bp >= own.ends.worst_bp
    return Span(best, worst)
