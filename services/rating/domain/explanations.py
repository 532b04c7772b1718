"""Why a score is what it is, execution by execution, in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.rating.domain.cohorts import Left, left_out
from services.rating.domain.credits import Credit, credit
from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import Methodology
from services.rating.domain.periods import Period


@dataclass(frozen=True, slots=True)
class Part:
    """One execution's part in a score. The parts' weights and contributions sum to the tally's."""

    facts: Facts
    left: Left | None
    credit: Credit | None
    reason: str

    @property
    def contribution(self) -> int:
        return self.facts.weight * self.credit.value if self.credit else 0

    @property
    def weight(self) -> int:
        return self.facts.weight if self.credit else 0


def explain(
    facts: Iterable[Facts], period: Period, methodology: Methodology, today: date
) -> list[Part]:
    """Every execution's part, counted or left out, with the reason in words, by due date."""
    parts = []
    for one in facts:
        left = left_out(one, period)
        worth = None if left else credit(one, methodology, today)
        if left is None and worth is None:
            left = Left.NOT_YET_DUE
        parts.append(Part(one, left, worth, _reason(one, left, worth)))
    return sorted(parts, key=lambda part: (part.facts.due, part.facts.execution_id))


_LEFT_WORDS: Final[Mapping[Left, str]] = {
    Left.NOT_PROTOCOL: "не учитывается: поручение не протокольное",
    Left.NOT_LEAD: "не учитывается: соисполнитель",
    Left.NOT_CLUSTER: "не учитывается: исполнитель не кластер",
    Left.GONE: "не учитывается: снято с контроля",
    Left.OTHER_PERIOD: "не учитывается: относится к другому периоду",
    Left.NOT_YET_DUE: "пока не учитывается: срок не наступил",
}


def _reason(facts: Facts, left: Left | None, worth: Credit | None) -> str:
    if left is not None or worth is None:
        return _LEFT_WORDS[left or Left.NOT_YET_DUE]
    if worth.debt:
        words = [f"не исполнено, срок истёк {worth.due_star:%d.%m.%Y}"]
    elif worth.late:
        words = [f"опоздание {worth.late} раб. дн. (срок {worth.due_star:%d.%m.%Y})"]
    else:
        words = ["исполнено в срок"]
    if facts.returns:
        words.append(f"возвратов ЦУР: {facts.returns}")
    if facts.extensions:
        words.append(f"продлений: {facts.extensions}")
    if worth.provisional:
        words.append("ожидает рассмотрения")
    return "; ".join(words)
