"""Imports of lists: their states, what a row will do, and what is refused."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from shared.errors import Conflict, NotFound
from shared.listings.cells import ListedRow

# Up to this many rows are checked and entered while the caller waits; more by the worker.
AT_ONCE: Final = 200
# Rows of one stroke of the worker's check: as often progress is told.
STROKE: Final = 500

Facts = dict[str, str | int | None]


class ImportKind(StrEnum):
    """What a list is of."""

    CLUSTERS = "clusters"
    COORDINATORS = "coordinators"


class ImportState(StrEnum):
    """Where an import stands."""

    # Rows are compared with the directory.
    CHECKING = "checking"
    # Some rows cannot be entered: mend the file and upload it again.
    FAULTY = "faulty"
    # A preview nothing stands against.
    READY = "ready"
    APPLYING = "applying"
    APPLIED = "applied"
    # The directory changed under the preview while the worker was about to enter it.
    STALE = "stale"


class RowAction(StrEnum):
    """What a row will do."""

    CREATE = "create"
    CHANGE = "change"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a row cannot be entered: the field it is about (None: the whole row), code, reason."""

    field: str | None
    code: str
    reason: str


@dataclass(slots=True)
class Plan:
    """What a row does: to which entry, from what to what."""

    action: RowAction
    target: UUID | None = None
    before: Facts | None = None
    after: Facts | None = None
    flaws: list[Flaw] = field(default_factory=list)

    @classmethod
    def refused(cls, flaws: list[Flaw]) -> "Plan":
        """A row that cannot be entered."""
        return cls(RowAction.REFUSED, flaws=flaws)

    def does(self, target: UUID | None, before: Facts | None, after: Facts | None) -> bool:
        """Whether this is what a preview promised."""
        return (self.target, self.before, self.after) == (target, before, after)


class Planner(Protocol):
    """Plans the rows of one list, one after the other in the file's order."""

    def plan(self, row: ListedRow) -> Plan: ...


class ImportNotFound(NotFound):
    """No import has this id."""

    code = "import_not_found"
    title = "Загрузка не найдена"


class ImportHasProblems(Conflict):
    """Rows with problems remain: all or nothing is entered."""

    code = "import_has_problems"
    title = "В списке остались ошибки"


class ImportNotReady(Conflict):
    """It is still being checked."""

    code = "import_not_ready"
    title = "Загрузка ещё проверяется"


class ImportStale(Conflict):
    """The directory has changed since the preview in a row the list touches."""

    code = "import_stale"
    title = "Справочник изменился после проверки"


class ImportApplied(Conflict):
    """It has been entered: nothing is left to check."""

    code = "import_applied"
    title = "Список уже внесён"


def column_said(columns: Mapping[str, tuple[str, str]], name: str | None) -> tuple[str, str]:
    """Heading and letter of a field's column in this file; blank for the row as a whole."""
    return columns.get(name or "", ("", ""))
