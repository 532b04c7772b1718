"""A cohort's year on a scale of months: a row per checkpoint."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from services.meetings.domain.cyclograms import CheckpointKind, Planned
from services.meetings.page.words import TEMPLATES, cut
from shared.pictures import in_words

_MONTHS: Final = (
    *("янв", "фев", "мар", "апр", "май", "июн"),
    *("июл", "авг", "сен", "окт", "ноя", "дек"),
)
_KINDS: Final = {
    CheckpointKind.MILESTONE: "веха",
    CheckpointKind.REPORT: "отчёт",
    CheckpointKind.EVENT: "событие",
    CheckpointKind.TRAINING: "обучение",
}
_TOP: Final = 132
_ROW: Final = 26
_LEFT: Final = 470
_SCALE: Final = 640
_RIGHT: Final = 30
_LONGEST: Final = 52
# A scale of many months is labelled by fewer of them.
_MOST_LABELS: Final = 16


def cyclogram(
    planned: Sequence[Planned],
    *,
    cohort: int,
    title: str,
    source: str,
    starts_on: date,
    at: date,
) -> str:
    """The picture: what has passed is filled, what is to come hollow; the day is a line."""
    first = min([starts_on, *(one.on for one in planned)]).replace(day=1)
    last = _next_month(max([starts_on, *(one.on for one in planned)]))
    width = (last - first).days

    def x(day: date) -> float:
        return round(_LEFT + (day - first).days / width * _SCALE, 1)

    months = []
    month = first
    while month < last:
        months.append(month)
        month = _next_month(month)
    every = -(-len(months) // _MOST_LABELS)
    rows = [
        {
            "y": _TOP + place * _ROW,
            "x": x(one.on),
            "on": f"{one.on:%d.%m.%Y}",
            "title": one.checkpoint.title,
            "label": cut(one.checkpoint.title, _LONGEST),
            "owner": one.checkpoint.owner,
            "kind": one.checkpoint.kind.value,
            "kind_name": _KINDS[one.checkpoint.kind],
            "past": one.on < at,
            "moved": one.by_hand,
        }
        for place, one in enumerate(planned)
    ]
    bottom = _TOP + len(rows) * _ROW
    return TEMPLATES.get_template("cyclogram.svg").render(
        heading=f"{title}: отбор {cohort} года",
        source=source,
        when=in_words(at),
        starts=in_words(starts_on),
        rows=rows,
        months=[
            {
                "x": x(one),
                "label": _MONTHS[one.month - 1] if place % every == 0 else "",
                "year": one.year if place == 0 or one.month == 1 else None,
            }
            for place, one in enumerate(months)
        ],
        kinds=list(_KINDS.items()),
        today=x(at) if first <= at < last else None,
        today_label=f"{at:%d.%m.%Y}",
        past=sum(1 for one in planned if one.on < at),
        left=_LEFT,
        right=_LEFT + _SCALE,
        top=_TOP,
        row=_ROW,
        bottom=bottom,
        width=_LEFT + _SCALE + _RIGHT,
        height=bottom + 34,
    )


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
