"""What a row has measured: series of runs, targets, and where it was measured."""

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final, Self

ROOT: Final = Path(__file__).resolve().parent.parent.parent
FOLDER: Final = ROOT / ".bench"
OURS: Final = "ours"
REFERENCE: Final = "reference"
ASIDE: Final = "aside"


@dataclass(slots=True)
class Series:
    """One quantity, a value per run. `role`: ours, the reference's, or told aside."""

    name: str
    unit: str
    values: list[float]
    role: str = OURS
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)


@dataclass(slots=True)
class Target:
    """What was wanted, what was measured; `met` is None where nothing could be measured."""

    wanted: str
    measured: str
    met: bool | None


@dataclass(slots=True)
class Result:
    """A row of the table, with everything it rests on. Texts are Russian."""

    row: str
    title: str
    what: str
    parameters: dict[str, Any] = field(default_factory=dict)
    series: list[Series] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    # What plots are drawn from: name → rows.
    points: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    # Filled in by the runner.
    machine: dict[str, str] = field(default_factory=dict)
    taken_at: str = ""
    commit: str = ""
    quick: bool = False
    seconds: float = 0.0

    def add(
        self,
        name: str,
        unit: str,
        values: Sequence[float],
        role: str = OURS,
        *,
        note: str = "",
    ) -> Series:
        """Add a series and give it back."""
        made = Series(name, unit, list(values), role, note)
        self.series.append(made)
        return made

    def find(self, name: str) -> Series:
        """The series of this name. Raises `StopIteration` where there is none."""
        return next(one for one in self.series if one.name == name)

    def at_least(self, wanted: str, value: float, limit: float, *, shown: str = "") -> None:
        """A target met from the limit on."""
        self.targets.append(Target(wanted, shown or plain(value), value >= limit))

    def at_most(self, wanted: str, value: float, limit: float, *, shown: str = "") -> None:
        """A target met up to the limit."""
        self.targets.append(Target(wanted, shown or plain(value), value <= limit))

    def save(self, folder: Path = FOLDER) -> Path:
        """Write it as JSON, named by its row."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.row}.json"
        path.write_text(json.dumps(asdict(self), ensure_ascii=False, indent=1) + "\n")
        return path

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read it back."""
        found: dict[str, Any] = json.loads(path.read_text())
        found["series"] = [Series(**one) for one in found["series"]]
        found["targets"] = [Target(**one) for one in found["targets"]]
        return cls(**found)


@dataclass(frozen=True, slots=True)
class Options:
    """How large and how often; None leaves the choice to the row."""

    quick: bool = False
    runs: int | None = None
    events: int | None = None
    executions: int | None = None
    seconds: float | None = None
    rate: float | None = None
    only: tuple[str, ...] = ()

    def times(self, usual: int = 5) -> int:
        """How many alternating runs."""
        return self.runs or (1 if self.quick else usual)

    def size(self, given: int | None, usual: int, quick: int) -> int:
        """A size asked for, or the row's own."""
        return given or (quick if self.quick else usual)


Row = Callable[[Options, Callable[[str], None]], Result]


def plain(value: float) -> str:
    """A number as people read it: three significant digits, thousands apart."""
    if float(value).is_integer() and abs(value) < 10:
        return f"{value:.0f}"
    if abs(value) < 10:
        return f"{value:.3g}".replace(".", ",")
    if abs(value) < 100:
        return f"{value:.1f}".replace(".", ",")
    return f"{value:,.0f}".replace(",", " ")


def percent(part: float) -> str:
    """A ratio in per cent."""
    return f"{part * 100:.0f} %"


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share lies; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def spread(values: Sequence[float]) -> Mapping[str, float]:
    """p50, p99 and the largest."""
    return {
        "p50": percentile(values, 0.5),
        "p99": percentile(values, 0.99),
        "max": max(values),
    }
