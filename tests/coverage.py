"""The table of docs/coverage.md, read: the statements of the source with requests and tests."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "coverage.md"
_REQUEST: Final = re.compile(r"`(\w+) (GET|POST|PUT) (/v1/[^`?]+)(?:\?([^`]+))?`")


@dataclass(frozen=True, slots=True)
class Request:
    """A request that shows a statement; what stands in braces is filled in from the data."""

    service: str
    method: str
    path: str
    query: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A row of the table."""

    number: int
    requests: tuple[Request, ...]
    test: str


def statements() -> list[Statement]:
    """The rows, as the page has them."""
    found = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and cells[0].isdigit():
            requests = tuple(
                Request(service, method, path, query)
                for service, method, path, query in _REQUEST.findall(cells[2])
            )
            found.append(Statement(int(cells[0]), requests, cells[3].strip("`")))
    return found
