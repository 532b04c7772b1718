"""The board as a page: the standings as complete HTML, kept live by a script of our own."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

from services.rating.domain.methodologies import RERU_1

STATIC: Final = Path(__file__).parent / "static"
ZONES: Final[Mapping[str, str]] = {"green": "зелёная", "yellow": "жёлтая", "red": "красная"}
_COLOURS: Final[Mapping[str | None, str]] = {
    "green": "#2da44e",
    "yellow": "#e3b341",
    "red": "#d1383d",
    None: "#8b949e",
}
_MONTHS: Final = (
    ("январь", "января"),
    ("февраль", "февраля"),
    ("март", "марта"),
    ("апрель", "апреля"),
    ("май", "мая"),
    ("июнь", "июня"),
    ("июль", "июля"),
    ("август", "августа"),
    ("сентябрь", "сентября"),
    ("октябрь", "октября"),
    ("ноябрь", "ноября"),
    ("декабрь", "декабря"),
)
_QUARTERS: Final = {"Q1": "I", "Q2": "II", "Q3": "III", "Q4": "IV"}
_MOSCOW: Final = ZoneInfo("Europe/Moscow")
_ABSENT: Final = "—"
_NO_BREAK: Final = "\N{NO-BREAK SPACE}"


class Assets(StaticFiles):
    """The page's own files, asked about every time: after a deploy nobody runs an old script."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


def render(board: Mapping[str, Any] | None) -> str:
    """The page of a board shaped as the answer of `GET /v1/ratings/regions`.

    `None`: the standings are not loaded yet, and the page says so.
    """
    rows = sorted(board["items"], key=_standing) if board else []
    zones = Counter(row["zone"] for row in rows)
    return _PAGES.get_template("board.html").render(
        board=board,
        rows=rows,
        zones=ZONES,
        counts={zone: zones[zone] for zone in (*ZONES, None)},
        rules=RERU_1 if board and board["methodology"] == RERU_1.code else None,
    )


def acknowledgement(
    *, period: str, region: str, token: str, acknowledged_at: datetime | None
) -> str:
    """The page behind a letter's link: a button, or when it was pressed (UTC)."""
    return _PAGES.get_template("acknowledgement.html").render(
        period=period,
        region=region,
        token=token,
        acknowledged_at=f"{acknowledged_at:%d.%m.%Y %H:%M}" if acknowledged_at else None,
    )


def badge(board: Mapping[str, Any], code: str) -> str | None:
    """One region's line as a small picture (SVG); None for a region that is not on the board.

    The zone is told by a shape and in words, not by colour alone.
    """
    row = next((row for row in board["items"] if row["region"] == code), None)
    if row is None:
        return None
    return _PAGES.get_template("badge.svg").render(
        row=row,
        zones=ZONES,
        colour=_COLOURS[row["zone"]],
        period=board["period"],
        total=sum(row["place"] is not None for row in board["items"]),
    )


def period_in_words(period: str) -> str:
    """`2023-10` → «октябрь 2023 года», `2023-Q4` → «IV квартал 2023 года», `2023` → «2023 год»."""
    year, _, part = period.partition("-")
    if not part:
        return f"{year} год"
    if part in _QUARTERS:
        return f"{_QUARTERS[part]} квартал {year} года"
    return f"{_MONTHS[int(part) - 1][0]} {year} года"


def moscow_time(instant: str) -> str:
    """An RFC 3339 instant as Moscow reads it: «20 октября 2023, 11:59:58 МСК»."""
    local = datetime.fromisoformat(instant).astimezone(_MOSCOW)
    return f"{local.day} {_MONTHS[local.month - 1][1]} {local:%Y, %H:%M:%S} МСК"


def points(bp: int | None) -> str:
    """Basis points as a score with two decimals: 9021 → «90,21»."""
    return _ABSENT if bp is None else f"{bp // 100},{bp % 100:02}"


def percent(bp: int | None) -> str:
    """Basis points as a share with one decimal, rounded half up: 9515 → «95,2 %»."""
    if bp is None:
        return _ABSENT
    tenths = (bp + 5) // 10
    return f"{tenths // 10},{tenths % 10}{_NO_BREAK}%"


def _standing(row: Mapping[str, Any]) -> tuple[bool, bool, int, str]:
    """Places first, then those with too little data, then those without any; ё sorts as е."""
    name = row["short_name"].lower().replace("ё", "е")
    return row["raw_bp"] is None, row["place"] is None, row["place"] or 0, name


def _environment() -> Environment:
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters |= {
        "period_in_words": period_in_words,
        "moscow_time": moscow_time,
        "points": points,
        "percent": percent,
    }
    return pages


_PAGES: Final = _environment()
