"""The monthly letter to the head of a regional authority, as a PDF.

Set by typst from plain data, with the fonts it carries itself and no date of its own: the same
letter has the same bytes on any machine.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import typst

TEMPLATES: Final = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Finding:
    """An execution that took points away, in words."""

    due: date
    weight: int
    credit_bp: int
    reason: str
    # The assignment's, where it has been heard of.
    number: str | None = None


@dataclass(frozen=True, slots=True)
class Month:
    """The region's score in an earlier slice or in this one."""

    name: str
    stabilised_bp: int | None
    place: int | None


@dataclass(frozen=True, slots=True)
class Letter:
    """Everything the letter says. Scores are basis points; null where there is none.

    Not the link of acknowledgement: the letter is shown to others than the head, who alone is to
    have it, by e-mail.
    """

    number: str
    dated: date
    addressee: str | None
    authority: str
    region: str
    period: str
    revision: int
    reason: str | None
    raw_bp: int | None
    stabilised_bp: int | None
    zone: str | None
    place: int | None
    placed: int
    change_bp: int | None
    place_before: int | None
    executions: int
    on_time_bp: int | None
    debts: int
    delay: int
    returns: int
    extensions: int
    country_bp: int | None
    district: str
    district_bp: int | None
    findings: tuple[Finding, ...]
    more: int
    months: tuple[Month, ...]
    methodology: str
    mu_bp: int
    result_hash: str
    inputs_hash: str


def render(letter: Letter) -> bytes:
    """The letter as a PDF."""
    found = typst.compile(
        str(TEMPLATES / "letter.typ"),
        root=str(TEMPLATES),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"letter": json.dumps(_plain(letter), ensure_ascii=False)},
    )
    assert isinstance(found, bytes), "one document is asked for"
    return found


def _plain(letter: Letter) -> Mapping[str, Any]:
    found = asdict(letter)
    found["dated"] = f"{letter.dated:%d.%m.%Y}"
    for finding, one in zip(found["findings"], letter.findings, strict=True):
        finding["due"] = f"{one.due:%d.%m.%Y}"
    return found
