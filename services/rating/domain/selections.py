"""Which lines of a rating are shown, and in what order; places stay those of the whole."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from services.rating.domain.scores import Zone

# A minus turns the order around; what has no value comes last either way.
Sort = Literal[
    "place",
    "-place",
    "name",
    "-name",
    "raw_bp",
    "-raw_bp",
    "stabilised_bp",
    "-stabilised_bp",
    "on_time_bp",
    "-on_time_bp",
    "executions",
    "-executions",
    "weight",
    "-weight",
    "debts",
    "-debts",
]
RegionSort = Literal[Sort, "region", "-region", "change_bp", "-change_bp"]


class Line(Protocol):
    """What every line of a rating has."""

    @property
    def zone(self) -> Zone | None: ...

    @property
    def executions(self) -> int: ...


L = TypeVar("L", bound=Line)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines are shown; what is not named restricts nothing.

    `words` are looked for in a line's texts, whatever the case and the dots over «ё».
    """

    zones: Collection[Zone] = ()
    least_executions: int = 0
    words: str = ""


def select(
    lines: Iterable[L],
    wanted: Wanted,
    sort: str,
    *,
    key: Callable[[L], str],
    name: Callable[[L], str],
    texts: Callable[[L], Iterable[str]],
) -> list[L]:
    """The wanted lines in the order `sort`, equal ones by `key`; `name` is what `name` sorts by."""
    words = folded(wanted.words)
    found = [
        line
        for line in lines
        if (not wanted.zones or line.zone in wanted.zones)
        and line.executions >= wanted.least_executions
        and (not words or any(words in folded(text) for text in texts(line)))
    ]
    attribute = sort.removeprefix("-")

    def value(line: L) -> Any:
        return folded(name(line)) if attribute == "name" else getattr(line, attribute)

    found.sort(key=key)
    known = sorted(
        (line for line in found if value(line) is not None),
        key=value,
        reverse=sort.startswith("-"),
    )
    return known + [line for line in found if value(line) is None]


def folded(text: str) -> str:
    """The text as people look for it: in lower case, «ё» as «е»."""
    return text.strip().casefold().replace("ё", "е")
