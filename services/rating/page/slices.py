"""Frozen months as pages: all of them, and one with its lines and its proof."""

from collections.abc import Sequence
from typing import Any

from services.rating.models import Slice
from services.rating.page.atlas import named
from services.rating.page.frame import Frame, render
from services.rating.page.standings import count_zones, standing


def months_page(frame: Frame, slices: Sequence[Slice]) -> str:
    """Every month in its newest revision; `slices` come newest first."""
    newest: dict[str, Slice] = {}
    for one in slices:
        newest.setdefault(one.period, one)
    return render("slices.html", frame, months=list(newest.values()))


def slice_page(
    frame: Frame,
    one: Slice,
    lines: Sequence[dict[str, Any]],
    revisions: Sequence[Slice],
    corrections: int,
) -> str:
    """One frozen slice; `revisions` are the month's frozen ones, the newest first."""
    rows = sorted((named(line, frame.words.language) for line in lines), key=standing)
    return render(
        "slice.html",
        frame,
        one=one,
        newest=revisions[0],
        rows=rows,
        counts=count_zones(rows),
        revisions=revisions,
        corrections=corrections,
    )
