"""The main page: map and table of the current rating."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Literal

from services.rating.page.charts import Spark, spark
from services.rating.page.frame import Frame, render
from services.rating.page.standings import Board, standings

View = Literal["all", "map", "table"]
Trends = Mapping[str, Sequence[Mapping[str, Any]]]
_NO_TRENDS: Final[Trends] = MappingProxyType({})


def page(
    frame: Frame, board: Board | None, *, view: View = "all", trends: Trends = _NO_TRENDS
) -> str:
    """The current rating; `None` is not loaded yet. `trends`: a region's points, a day each."""
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
        sparks={row["region"]: _spark(trends.get(row["region"], ())) for row in shown.rows},
    )


def _spark(points: Sequence[Mapping[str, Any]]) -> Spark | None:
    return spark([point["stabilised_bp"] for point in points])
