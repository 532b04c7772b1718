"""The main page: map and table of the current rating."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

from services.rating.page.charts import spark
from services.rating.page.frame import Frame, render
from services.rating.page.standings import Board, standings

View = Literal["all", "map", "table"]
Courses = Mapping[str, Sequence[int | None]]
_NO_COURSES: Final[Courses] = MappingProxyType({})


def page(
    frame: Frame, board: Board | None, *, view: View = "all", courses: Courses = _NO_COURSES
) -> str:
    """The current rating; `None` is not loaded yet. `courses`: a region's score of each day."""
    shown = standings(board, frame.words.language)
    return render(
        "board.html",
        frame,
        board=board,
        view=view,
        rows=shown.rows,
        counts=shown.counts,
        districts=shown.districts,
        movers=shown.movers,
        rules=shown.rules,
        names=shown.names,
        sparks={row["region"]: spark(courses.get(row["region"], ())) for row in shown.rows},
    )
