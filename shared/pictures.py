"""Pictures: complete SVG, drawn here, that needs no script and no network."""

from datetime import date
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import Response

_MONTHS: Final = (
    *("января", "февраля", "марта", "апреля", "мая", "июня"),
    *("июля", "августа", "сентября", "октября", "ноября", "декабря"),
)
# How an operation says that it answers a picture.
PICTURE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Картинка", "content": {"image/svg+xml": {"schema": {"type": "string"}}}}
}


class Picture(Response):
    """An SVG that may load nothing and run nothing."""

    media_type = "image/svg+xml"

    def __init__(self, content: str | None = None, status_code: int = 200) -> None:
        headers = {
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
            "X-Content-Type-Options": "nosniff",
        }
        super().__init__(content, status_code=status_code, headers=headers)


def templates_in(folder: Path) -> Environment:
    """The templates of pictures in the folder; whatever is put into them is escaped."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def in_words(day: date) -> str:
    """«4 октября 2023»."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
