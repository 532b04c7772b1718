"""The year's report of an association: drafted, approved with a hash, published."""

import hashlib
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from shared.errors import Conflict


class ReportStatus(StrEnum):
    """How far a report has come; after approval it never changes."""

    DRAFT = "draft"
    APPROVED = "approved"
    PUBLISHED = "published"


class ReportApprovedAlready(Conflict):
    """An approved report is what it is."""

    code = "report_already_approved"
    title = "Отчёт уже утверждён"


class ReportNotApproved(Conflict):
    """Publication and the next roadmap are for an approved report."""

    code = "report_not_approved"
    title = "Отчёт ещё не утверждён"


class ReportPublishedAlready(Conflict):
    """A report is published once."""

    code = "report_already_published"
    title = "Отчёт уже опубликован"


class RoadmapMadeAlready(Conflict):
    """The next year has its roadmap."""

    code = "roadmap_already_made"
    title = "Дорожная карта уже составлена"


class YearNotBegun(Conflict):
    """There is nothing to report of a year that has not begun."""

    code = "year_not_begun"
    title = "Год ещё не начался"


def hash_of(content: Mapping[str, Any]) -> str:
    """SHA-256 of the content's canonical JSON: sorted keys, no spaces, UTF-8."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
