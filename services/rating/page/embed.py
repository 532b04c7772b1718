"""The rating within another site: a table, a map or one region, and nothing around it."""

from typing import Literal

from services.rating.page.frame import Frame, render
from services.rating.page.standings import Board, standings

Embedded = Literal["table", "map"]


def page(
    frame: Frame, board: Board | None, *, view: Embedded = "table", code: str | None = None
) -> str:
    """The current rating for a frame; with `code` that region alone, if the board has it."""
    shown = standings(board, frame.words.language)
    return render(
        "embed.html",
        frame,
        board=board,
        view=view,
        region=next((row for row in shown.rows if row["region"] == code), None),
        rows=shown.rows,
        districts=shown.districts,
        names=shown.names,
    )
