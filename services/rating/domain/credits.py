"""What one execution is worth as of a date."""

from dataclasses import dataclass
from datetime import date

from services.rating.domain.facts import Scored
from services.rating.domain.methodologies import WHOLE, Methodology
from shared.workdays import add_working_days, working_days_between


@dataclass(frozen=True, slots=True)
class Credit:
    """What an execution that is due, or handed in, is worth, and every step on the way there.

    `value` = T·R·E; `late` counts working days after `due_star`.
    """

    value: int
    due_star: date
    late: int
    timeliness: int
    quality: int
    discipline: int
    debt: bool
    provisional: bool

    @property
    def on_time(self) -> bool:
        return not self.debt and self.late == 0


def due_star(facts: Scored, methodology: Methodology) -> date:
    """The date the hand-in is measured against: after a return, not before its days of grace."""
    if facts.returned_on is None:
        return facts.due
    return max(facts.due, add_working_days(facts.returned_on, methodology.grace_days))


def credit(facts: Scored, methodology: Methodology, today: date) -> Credit | None:
    """The credit as of `today`; None while there is neither a hand-in nor an ended due day."""
    due = due_star(facts, methodology)
    if facts.done is None and today <= due:
        return None
    quality = max(methodology.return_floor, WHOLE - methodology.return_step * facts.returns)
    asked = max(0, facts.extensions - methodology.free_extensions)
    discipline = max(methodology.extension_floor, WHOLE - methodology.extension_step * asked)
    if facts.done is None:
        late = working_days_between(due, today)
        return Credit(0, due, late, 0, quality, discipline, debt=True, provisional=False)
    late = 0 if facts.done <= due else max(1, working_days_between(due, facts.done))
    timeliness = WHOLE
    if late:
        lost = methodology.late_step * (late - 1)
        timeliness = max(methodology.late_floor, methodology.late_first - lost)
    return Credit(
        timeliness * quality * discipline // WHOLE**2,
        due,
        late,
        timeliness,
        quality,
        discipline,
        debt=False,
        provisional=facts.status != "accepted",
    )
