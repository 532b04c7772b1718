"""Pictures of the register: complete SVG, drawn here, that needs no script and no network."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

from shared.clock import MOSCOW
from shared.pictures import in_words, templates_in

_ROW: Final = 20
_LONGEST_NAME: Final = 36
_TOP: Final = 118
_LEFT: Final = 290
_BAR: Final = 560
_RIGHT: Final = 230


class Tally(Protocol):
    """What is drawn of a region."""

    region: str
    name: str | None
    open: int
    overdue: int
    awaiting_review: int


def executions_by_region(regions: Sequence[Tally], now: datetime) -> str:
    """A bar per region: overdue, awaiting review, and whatever else is open."""
    longest = max((one.open for one in regions), default=0)
    step = _step(longest)
    end = max(step * -(-longest // step), step)
    scale = _BAR / end
    rows = []
    for place, one in enumerate(regions):
        name = one.name or f"Регион {one.region}"
        rest = _rest(one)
        parts, x = [], float(_LEFT)
        for kind, number in (
            ("overdue", one.overdue),
            ("review", one.awaiting_review),
            ("rest", rest),
        ):
            if number:
                parts.append({"kind": kind, "x": round(x, 1), "width": round(number * scale, 1)})
                x += number * scale
        rows.append(
            {
                "name": name,
                "label": name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…",
                "y": _TOP + place * _ROW,
                "parts": parts,
                "end": round(x, 1),
                "open": one.open,
                "overdue": one.overdue,
                "review": one.awaiting_review,
            }
        )
    local = now.astimezone(MOSCOW)
    return _PICTURES.get_template("executions_by_region.svg").render(
        when=f"{in_words(local)}, {local:%H:%M} МСК",
        rows=rows,
        ticks=[
            {"x": round(_LEFT + value * scale, 1), "value": value}
            for value in range(0, end + 1, step)
        ],
        total={
            "open": sum(one.open for one in regions),
            "overdue": sum(one.overdue for one in regions),
            "review": sum(one.awaiting_review for one in regions),
            "rest": sum(_rest(one) for one in regions),
        },
        left=_LEFT,
        top=_TOP,
        row=_ROW,
        bottom=_TOP + len(rows) * _ROW,
        width=_LEFT + _BAR + _RIGHT,
        height=_TOP + len(rows) * _ROW + 30,
    )


def _rest(one: Tally) -> int:
    return max(0, one.open - one.overdue - one.awaiting_review)


def _step(longest: int) -> int:
    """The least of 1, 2, 5, 10, 20, 50… that gives at most ten ticks."""
    size = 1
    while True:
        for step in (size, 2 * size, 5 * size):
            if longest <= 10 * step:
                return step
        size *= 10


_PICTURES: Final = templates_in(Path(__file__).parent / "templates")
