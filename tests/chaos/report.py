"""What a run came to, as a table for people and for `docs/faults.md`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

HEAD: Final = (
    "сбой", "начало, с", "длился, с", "восстановление, с", "подтверждено", "отказано", "повторено",
    "5xx", "обрывов", "ничего не потеряно",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Round:
    """One fault, or some at once. Seconds count from the beginning of the load."""

    name: str
    began: float
    lasted: float
    recovered: float
    acknowledged: int
    refused: int
    retried: int
    errors: int
    lost: int
    whole: bool

    @property
    def cells(self) -> tuple[str, ...]:
        return (
            self.name,
            f"{self.began:.1f}",
            f"{self.lasted:.1f}",
            f"{self.recovered:.1f}",
            str(self.acknowledged),
            str(self.refused),
            str(self.retried),
            str(self.errors),
            str(self.lost),
            "да" if self.whole else "НЕТ",
        )


@dataclass(slots=True)
class Account:
    """The whole run."""

    seed: int
    broker: str
    rate: float
    rounds: list[Round] = field(default_factory=list)
    # Late answers of servers that the machine kept waiting for a processor.
    late: int = 0
    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def lines(self) -> Sequence[str]:
        """The report in Markdown."""
        rows = [HEAD, tuple("---" for _ in HEAD), *(one.cells for one in self.rounds)]
        total = [
            f"Сбоев и сочетаний: {len(self.rounds)}.",
            f"Команд подтверждено: {sum(one.acknowledged for one in self.rounds)}, отказано:"
            f" {sum(one.refused for one in self.rounds)}, повторов:"
            f" {sum(one.retried for one in self.rounds)}.",
            f"Расхождений: {len(self.differences)}.",
        ]
        return [
            "# Отчёт о сбоях",
            "",
            f"Зерно {self.seed}, брокер {self.broker}, нагрузка {self.rate:g} команд/с.",
            "",
            *("| " + " | ".join(row) + " |" for row in rows),
            "",
            *(f"- {line}" for line in (*total, *self.notes, *self.differences)),
            "",
        ]


def counts(numbers: Mapping[str, int]) -> str:
    """`kind 3, other 1`, the most frequent first."""
    return ", ".join(f"{name} {n}" for name, n in Counter(numbers).most_common()) or "–"
