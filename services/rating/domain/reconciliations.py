"""The rating compared with the owner of the facts, and made equal to it again."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from shared.errors import Conflict


class Trigger(StrEnum):
    """What a reconciliation is made for."""

    SCHEDULE = "schedule"
    REQUEST = "request"
    # Everything is heard anew, whether it differs or not.
    REBUILD = "rebuild"
    # The owner's database went back to an older backup: one partition is heard anew.
    REPLACED_LOG = "replaced_log"


class Outcome(StrEnum):
    """`same`: nothing differed; `differing`: something still does, so look at it."""

    WAITING = "waiting"
    RUNNING = "running"
    SAME = "same"
    HEALED = "healed"
    DIFFERING = "differing"


class ReconciliationUnfinished(Conflict):
    """One at a time."""

    code = "reconciliation_unfinished"
    title = "Сверка уже идёт"


@dataclass(frozen=True, slots=True)
class Extent:
    """A region's executions, the versions of their facts, and the digest of these."""

    executions: int = 0
    versions: int = 0
    digest: str = "0"


@dataclass(frozen=True, slots=True)
class Mended:
    """How many versions of facts were put right, and of how many executions."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    executions: int = 0

    def __add__(self, other: "Mended") -> "Mended":
        return Mended(
            self.added + other.added,
            self.changed + other.changed,
            self.removed + other.removed,
            self.executions + other.executions,
        )


def differing(ours: Mapping[str, Extent], theirs: Mapping[str, Extent]) -> set[str]:
    """The regions of which the two do not have the same."""
    nothing = Extent()
    return {
        region
        for region in ours.keys() | theirs.keys()
        if ours.get(region, nothing) != theirs.get(region, nothing)
    }


def outcome_of(found: set[str], left: set[str], mended: Mended) -> Outcome:
    """`found` differed before healing, `left` after it."""
    if left:
        return Outcome.DIFFERING
    return Outcome.HEALED if found or mended != Mended() else Outcome.SAME


def report(
    regions: set[str],
    before: Mapping[str, Extent],
    owner: Mapping[str, Extent],
    after: Mapping[str, Extent],
) -> list[dict[str, Any]]:
    """What is kept of each region that differed: ours before, the owner's, ours after."""
    nothing = Extent()
    return [
        {
            "region": region,
            "before": asdict(before.get(region, nothing)),
            "owner": asdict(owner.get(region, nothing)),
            "after": asdict(after.get(region, nothing)),
        }
        for region in sorted(regions)
    ]
