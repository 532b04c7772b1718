"""What would change a region's score today: every open execution handed in, and what that gains.

A counterfactual is the score of the same facts with one of them changed: no formula of its own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from services.rating.domain.cohorts import left_out
from services.rating.domain.credits import due_star
from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import Methodology
from services.rating.domain.periods import Period
from services.rating.domain.places import Rivals, Score
from services.rating.domain.scores import Tally, tally


class Move(StrEnum):
    """What the region can do about an execution."""

    HAND_IN = "hand_in"
    FORWARD = "forward"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Action:
    """One execution's move, and the region's score before and after it; others stand still."""

    facts: Facts
    due_star: date
    move: Move
    before: Score
    after: Score

    @property
    def delta_bp(self) -> int | None:
        """The gain in the stabilised score, by which places are given."""
        return gain(self.before.stabilised_bp, self.after.stabilised_bp)

    @property
    def raw_delta_bp(self) -> int | None:
        return gain(self.before.raw_bp, self.after.raw_bp)


def gain(before: int | None, after: int | None) -> int | None:
    """None where there is no score before or after."""
    return None if before is None or after is None else after - before


def handed_in(facts: Facts, day: date) -> Facts:
    """The facts once the region has handed the execution in on the day; awaiting review."""
    return replace(facts, done=day, status="forwarded")


def is_open(facts: Facts) -> bool:
    """Whether it is the region's turn: no hand-in stands."""
    return facts.done is None


def awaits_review(facts: Facts) -> bool:
    """Whether it is ЦУР's turn: a hand-in stands and is not accepted."""
    return facts.done is not None and facts.status != "accepted"


def change(
    one: Facts, then: Facts, total: Tally, period: Period, methodology: Methodology, day: date
) -> Tally:
    """The region's tally, `total`, with one execution's facts replaced by others."""
    was = tally([one], period, methodology, day)
    return total - was + tally([then], period, methodology, day)


def actions(
    facts: Iterable[Facts], period: Period, methodology: Methodology, day: date, rivals: Rivals
) -> list[Action]:
    """What can be done on the day about the period's executions, the greatest gain first.

    An execution not yet due that is handed in joins what counts; a debt rises from 0 to T·R·E.
    A gain may be negative: a hand-in with many returns, not due yet, is worth less than the
    region's mean. What awaits review comes last: nothing about it changes until a return.
    """
    known = [one for one in facts if left_out(one, period) is None]
    total = tally(known, period, methodology, day)
    before = rivals.score(total)
    found = []
    for one in known:
        if is_open(one):
            move = Move.FORWARD if one.status == "submitted" else Move.HAND_IN
            changed = change(one, handed_in(one, day), total, period, methodology, day)
            after = rivals.score(changed)
        elif awaits_review(one):
            move, after = Move.WAIT, before
        else:
            continue
        found.append(Action(one, due_star(one, methodology), move, before, after))
    return sorted(found, key=_order)


def _order(action: Action) -> tuple[object, ...]:
    after = action.after
    return (
        action.move is Move.WAIT,
        after.stabilised_bp is None,
        -(after.stabilised_bp or 0),
        -(after.raw_bp or 0),
        action.due_star,
        action.facts.execution_id,
    )


def together(
    chosen: Sequence[Action],
    facts: Iterable[Facts],
    period: Period,
    methodology: Methodology,
    day: date,
    rivals: Rivals,
) -> Score:
    """The score once all of the chosen are done on the day; waiting does nothing."""
    total = tally(facts, period, methodology, day)
    for action in chosen:
        if action.move is not Move.WAIT:
            one = action.facts
            total = change(one, handed_in(one, day), total, period, methodology, day)
    return rivals.score(total)


def sentence(action: Action, who: str, what: str | None = None) -> str:
    """The action and its effect in one line of Russian.

    `who` says whose execution it is, `what` of which assignment, where that is known.
    """
    due = f"срок {action.due_star:%d.%m.%Y}"
    if action.move is Move.WAIT:
        report = f"Отчёт по {what}" if what else "Отчёт"
        return (
            f"{report} ждёт рассмотрения в ЦУР ({who}, {due}):"
            " делать нечего, до возврата балл не изменится"
        )
    if action.move is Move.FORWARD:
        report = f"отчёт по {what}" if what else "отчёт"
        said = f"Передать в ЦУР сегодня {report}, который ждёт у координатора"
    else:
        said = f"Закрыть {what} сегодня" if what else "Закрыть сегодня исполнение"
    return f"{said} ({who}, {due}) → {effect(action.before, action.after)}"


def effect(before: Score, after: Score) -> str:
    """`+1,70 балла, 14 → 9 место`."""
    return f"{_points(before.stabilised_bp, after.stabilised_bp)}, {_places(before, after)}"


def _points(before: int | None, after: int | None) -> str:
    if after is None:
        return "балла не будет: учитывать нечего"
    if before is None:
        return f"балл {_decimal(after)} (сейчас его нет)"
    sign = "−" if after < before else "+"
    return f"{sign}{_decimal(abs(after - before))} балла"


def _decimal(points: int) -> str:
    return f"{points // 100},{points % 100:02d}"


def _places(before: Score, after: Score) -> str:
    if after.place is None:
        return "места нет: данных недостаточно"
    if before.place is None:
        return f"{after.place} место (сейчас его нет)"
    if before.place == after.place:
        return f"место прежнее, {after.place}"
    return f"{before.place} → {after.place} место"
