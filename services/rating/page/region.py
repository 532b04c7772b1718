"""A region's page: where it stands, why, and what would change it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from services.rating.domain.breakdowns import Breakdown
from services.rating.domain.methodologies import Methodology
from services.rating.domain.periods import Period
from services.rating.models import Slice, SliceRow
from services.rating.page.atlas import named
from services.rating.page.charts import Course, trend
from services.rating.page.frame import Frame, render
from services.rating.page.words import Words
from services.rating.service.profiles import Frozen, Profile

Lines = Sequence[tuple[Slice, SliceRow]]


def running_page(
    frame: Frame,
    found: Profile,
    line: dict[str, Any],
    course: Course,
    slices: Lines,
    months: Sequence[str],
) -> str:
    """A month that runs or waits for its slice; `line` is the region's as on the board."""
    rating = found.month.rating
    return _page(
        frame,
        line,
        rating.period,
        rating.methodology,
        found.breakdown,
        rating.mu_bp,
        course,
        slices,
        months,
        total=sum(row.place is not None for row in rating.rows),
        as_of=rating.as_of,
        prospect=found.prospect,
        outlook=found.outlook,
        frozen=None,
        running=str(rating.period) == months[0],
    )


def frozen_page(
    frame: Frame,
    found: Frozen,
    line: dict[str, Any],
    course: Course,
    slices: Lines,
    months: Sequence[str],
) -> str:
    """A month as its newest slice froze it; `line` is the region's in it."""
    assert found.slice.mu_bp is not None, "a frozen slice has it"
    return _page(
        frame,
        line,
        Period.parse(found.slice.period),
        found.methodology,
        found.breakdown,
        found.slice.mu_bp,
        course,
        slices,
        months,
        total=found.placed,
        as_of=found.slice.cut_off,
        prospect=None,
        outlook=None,
        frozen=found.slice,
        running=False,
    )


def _page(
    frame: Frame,
    line: dict[str, Any],
    period: Period,
    methodology: Methodology,
    breakdown: Breakdown,
    mu_bp: int,
    course: Course,
    slices: Lines,
    months: Iterable[str],
    *,
    as_of: datetime,
    **context: Any,
) -> str:
    earlier = next(((one, row) for one, row in slices if one.period < str(period)), None)
    return render(
        "region.html",
        frame,
        row=named(line, frame.words.language),
        period=str(period),
        methodology=methodology,
        breakdown=breakdown,
        mu_bp=mu_bp,
        chart=trend(
            course,
            period.start,
            period.end,
            green_from=methodology.green_from,
            yellow_from=methodology.yellow_from,
            before=earlier[1].stabilised_bp if earlier else None,
        ),
        slices=slices,
        earlier=earlier[0].period if earlier else None,
        months=months,
        rule=_rule(methodology, frame.words),
        as_of=as_of.isoformat(),
        **context,
    )


def _rule(methodology: Methodology, words: Words) -> dict[str, str]:
    """The numbers of the rules as shares, for the sentences that name them."""
    shares = (
        "late_first",
        "late_step",
        "late_floor",
        "return_step",
        "return_floor",
        "extension_step",
        "extension_floor",
    )
    return {
        **{name: words.whole_percent(getattr(methodology, name)) for name in shares},
        "free_extensions": str(methodology.free_extensions),
    }
