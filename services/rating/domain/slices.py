"""A month frozen: its cut-off in each region's zone, and the hashes anyone can work out again.

The hashes are SHA-256 over lines of canonical JSON: keys sorted, no spaces, UTF-8, a line feed
after each. They depend on nothing but what they are of, so any process on any machine gets the
same; `docs/slices.md` says it for who checks from outside.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from services.rating.domain.cohorts import never_counts
from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import NUMBERS, Methodology
from services.rating.domain.periods import Period
from services.rating.domain.scores import Tally, Zone

INPUTS: Final = "slice-inputs/1"
RESULT: Final = "slice-result/1"


class SliceStatus(StrEnum):
    """`draft` waits for facts; what is `frozen` never changes but in how far it has been told."""

    DRAFT = "draft"
    FROZEN = "frozen"
    SENT = "sent"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Line:
    """A region's line of a slice: what its hash is of."""

    region: str
    timezone: str
    tally: Tally
    raw_bp: int | None
    stabilised_bp: int | None
    zone: Zone | None
    place: int | None


@dataclass(frozen=True, slots=True)
class Correction:
    """An execution seen in another version of its facts than the one of the cut-off, and why."""

    execution_id: UUID
    version: int
    reason: str


def cut_off(period: Period, zone: str) -> datetime:
    """The instant (UTC) at which the period's last day has ended in the zone.

    So what was due that day and is not handed in is a debt by then, as in the corridor and in
    the history.
    """
    return datetime.combine(day_after(period), time(), ZoneInfo(zone)).astimezone(UTC)


def day_after(period: Period) -> date:
    """The local date of the cut-off: the first day on which all that was due has ended."""
    return period.end + timedelta(days=1)


def last_cut_off(period: Period, zones: Iterable[str]) -> datetime:
    """When the period has ended everywhere, in the westernmost zone too."""
    return max(cut_off(period, zone) for zone in zones)


def month_after(period: Period) -> Period:
    return Period.month_of(day_after(period))


def as_corrected(facts: Facts, at_end: Facts | None, period: Period) -> Facts:
    """A later version's facts as of the period's end; `at_end`: the version known then, if any.

    What was handed in or returned after the end, was not yet: of that the version of the end
    speaks, and of all the rest the later one. What no longer counts anywhere stays so.
    """
    if never_counts(facts) is not None:
        return facts
    if facts.returned_on is not None and facts.returned_on > period.end:
        if at_end is None:
            return replace(facts, status="issued", done=None, returns=0, returned_on=None)
        return replace(
            facts,
            status=at_end.status,
            done=at_end.done,
            returns=at_end.returns,
            returned_on=at_end.returned_on,
        )
    if facts.done is not None and facts.done > period.end:
        return replace(facts, done=None)
    return facts


def inputs_hash(
    methodology: Methodology,
    mu_bp: int,
    period: Period,
    zones: Mapping[str, str],
    facts: Iterable[Facts],
) -> str:
    """Of everything the slice is worked out from; `zones`: region → IANA zone."""
    head = {
        "schema": INPUTS,
        "period": str(period),
        "mu_bp": mu_bp,
        "methodology": {
            "code": methodology.code,
            "version": methodology.version,
            **{name: getattr(methodology, name) for name in NUMBERS},
        },
    }
    regions = ({"region": code, "timezone": zone} for code, zone in sorted(zones.items()))
    known = sorted(facts, key=lambda one: one.execution_id)
    return _sha256([head, *regions, *(_plain(one) for one in known)])


def result_hash(period: Period, lines: Iterable[Line]) -> str:
    """Of all that is read off the slice; it names no execution, only regions and numbers."""
    ordered = sorted(lines, key=lambda one: one.region)
    return _sha256([{"schema": RESULT, "period": str(period)}, *(_flat(one) for one in ordered)])


def _flat(line: Line) -> dict[str, Any]:
    return {
        "region": line.region,
        "raw_bp": line.raw_bp,
        "stabilised_bp": line.stabilised_bp,
        "zone": line.zone,
        "place": line.place,
        **asdict(line.tally),
    }


def _plain(facts: Facts) -> dict[str, Any]:
    return {one.name: getattr(facts, one.name) for one in fields(facts)}


def _sha256(lines: Iterable[Mapping[str, Any]]) -> str:
    found = hashlib.sha256()
    for line in lines:
        text = json.dumps(
            line, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_text
        )
        found.update(text.encode() + b"\n")
    return found.hexdigest()


def _text(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    assert isinstance(value, UUID), "facts are numbers, texts, dates and ids"
    return str(value)
