"""The digest of facts by another hand: what `shared/digests.py` says in words, in plain Python."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any

FIELDS = [
    "execution_id",
    "version",
    "assignment_id",
    "cluster_id",
    "region",
    "cohort",
    "industry",
    "origin",
    "role",
    "addressee",
    "weight",
    "issued_on",
    "due0",
    "due",
    "status",
    "submitted_at",
    "done",
    "returns",
    "returned_on",
    "extensions",
    "occurred_at",
]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def written(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return str((value - EPOCH) // timedelta(microseconds=1))
    if isinstance(value, date):
        return str((value - EPOCH.date()).days)
    return str(value)


def digest(versions: Iterable[Mapping[str, Any]]) -> str:
    """Of these versions of facts, in whatever order."""
    total = 0
    for facts in versions:
        line = "|".join(written(facts[name]) for name in FIELDS)
        total += int.from_bytes(sha256(line.encode()).digest()[:8], "big", signed=True)
    return str(total)
