"""The document as a PDF."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

import typst

from services.meetings.papers.content import Paper

TEMPLATES: Final = Path(__file__).parent / "templates"


def as_pdf(paper: Paper) -> bytes:
    """The document as a PDF; the same paper gives the same bytes."""
    found = typst.compile(
        str(TEMPLATES / "protocol.typ"),
        root=str(TEMPLATES),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"paper": json.dumps(asdict(paper), ensure_ascii=False)},
    )
    assert isinstance(found, bytes), "one document is asked for"
    return found
