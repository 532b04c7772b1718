"""Region × process: a cell per pair, its shade the share of late stages."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from services.meetings.domain.processes import Tally
from services.meetings.page.words import TEMPLATES, cut
from shared.pictures import in_words

_LEFT: Final = 300
_CELL: Final = 118
_ROW: Final = 22
_TOP: Final = 160
_CITY: Final = "Город федерального значения"
_LONGEST_NAME: Final = 34
_LONGEST_LINE: Final = 15
_MOST_LINES: Final = 3
# From this share of late stages (basis points) on: shade, and how the legend says it.
_SHADES: Final = (
    (0, "#dcefe3", "просрочек нет"),
    (1, "#fdf3d7", "до 10 %"),
    (1000, "#f9d9a8", "10–25 %"),
    (2500, "#f2a884", "25–50 %"),
    (5000, "#b8402a", "от 50 %"),
)


def heat_map(
    regions: Sequence[tuple[str, str]],
    processes: Sequence[tuple[str, str]],
    cells: Mapping[tuple[str, str], Tally],
    *,
    at: date,
) -> str:
    """The picture: in a cell, stages done of all, and how many are late; empty where none are."""
    rows = [
        {
            "y": _TOP + place * _ROW,
            "name": name,
            "label": cut(name.replace(_CITY, "г."), _LONGEST_NAME),
            "cells": [
                _cell(cells.get((code, process)), column, title)
                for column, (process, title) in enumerate(processes)
            ],
        }
        for place, (code, name) in enumerate(regions)
    ]
    everything = list(cells.values())
    width = max(_LEFT + len(processes) * _CELL + 30, 900)
    return TEMPLATES.get_template("heat_map.svg").render(
        when=in_words(at),
        columns=[
            {
                "x": _LEFT + column * _CELL + _CELL // 2,
                "name": name,
                "lines": _lines(name),
            }
            for column, (_, name) in enumerate(processes)
        ],
        rows=rows,
        shades=_SHADES,
        total=sum(one.total for one in everything),
        done=sum(one.done for one in everything),
        late=sum(one.late for one in everything),
        left=_LEFT,
        cell_width=_CELL,
        row=_ROW,
        top=_TOP,
        width=width,
        height=_TOP + len(rows) * _ROW + 24,
    )


def _cell(tally: Tally | None, column: int, process: str) -> dict[str, object]:
    x = _LEFT + column * _CELL
    if tally is None or tally.late_bp is None:
        return {"x": x, "fill": "#f4f4f6", "text": "", "late": 0, "dark": False, "title": process}
    fill = next(shade for least, shade, _ in reversed(_SHADES) if tally.late_bp >= least)
    return {
        "x": x,
        "fill": fill,
        "text": f"{tally.done}/{tally.total}",
        "late": tally.late,
        "dark": tally.late_bp >= _SHADES[-1][0],
        "title": (
            f"{process}: кластеров {tally.clusters}, выполнено {tally.done} из {tally.total},"
            f" идёт {tally.in_progress}, просрочено {tally.late}"
        ),
    }


def _lines(name: str) -> list[str]:
    """The name over a column, in a few short lines."""
    lines = [""]
    for word in name.split():
        if lines[-1] and len(lines[-1]) + len(word) >= _LONGEST_LINE:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    if len(lines) > _MOST_LINES:
        lines = [*lines[: _MOST_LINES - 1], f"{lines[_MOST_LINES - 1]}…"]
    return [cut(line, _LONGEST_LINE) for line in lines]
