"""What every page stands in: its language, its address, and the templates it is written with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.rating.page.words import LANGUAGES, RUSSIAN, WORDS, Words


@dataclass(frozen=True, slots=True)
class Frame:
    """A page's language and address; links keep the language where the address names one."""

    words: Words = WORDS[RUSSIAN]
    path: str = "/"
    query: Mapping[str, str] = field(default_factory=dict)
    asked: bool = False

    def link(self, path: str, **query: str | None) -> str:
        """An address within the pages, in the language asked for."""
        chosen = {name: value for name, value in query.items() if value is not None}
        if self.asked:
            chosen["lang"] = self.words.language
        return f"{path}?{urlencode(chosen)}" if chosen else path

    def here(self, language: str) -> str:
        """The same page in another language."""
        return f"{self.path}?{urlencode({**self.query, 'lang': language})}"


def render(template: str, frame: Frame, **context: Any) -> str:
    """The page as text. Everything in `context` is data: it is escaped."""
    return _PAGES.get_template(template).render(
        frame=frame, t=frame.words, languages=LANGUAGES, **context
    )


def _environment() -> Environment:
    pages = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    return pages


_PAGES: Final = _environment()
