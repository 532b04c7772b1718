"""Where the pictures' templates are, and how long words are cut."""

from pathlib import Path
from typing import Final

from shared.pictures import templates_in

TEMPLATES: Final = templates_in(Path(__file__).parent / "templates")


def cut(text: str, longest: int) -> str:
    """The text, or as much of it as there is room for."""
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}…"
