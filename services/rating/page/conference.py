"""The big screen of a video conference: who moves, and where everyone stands."""

from services.rating.page.frame import Frame, render
from services.rating.page.standings import Board, standings


def page(frame: Frame, board: Board | None) -> str:
    """The current rating to be read from across a room."""
    shown = standings(board, frame.words.language)
    return render(
        "conference.html",
        frame,
        board=board,
        rows=shown.rows,
        counts=shown.counts,
        districts=shown.districts,
        movers=shown.movers,
        rules=shown.rules,
        names=shown.names,
    )
