"""A region's line as a small picture."""

from collections.abc import Mapping
from typing import Final

from services.rating.page.frame import Frame, render
from services.rating.page.standings import Board

_COLOURS: Final[Mapping[str | None, str]] = {
    "green": "#2da44e",
    "yellow": "#e3b341",
    "red": "#d1383d",
    None: "#8b949e",
}


def badge(board: Board, code: str) -> str | None:
    """One region's line as SVG; None for a region that is not on the board.

    The zone is told by a shape and in words, not by colour alone.
    """
    row = next((row for row in board["items"] if row["region"] == code), None)
    if row is None:
        return None
    return render(
        "badge.svg",
        Frame(),
        row=row,
        colour=_COLOURS[row["zone"]],
        period=board["period"],
        total=sum(row["place"] is not None for row in board["items"]),
    )
