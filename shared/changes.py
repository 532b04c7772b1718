"""What a command changed, row by row: before and after, for its row of the audit trail.

Gathered from what SQLAlchemy flushes: of a changed row the changed columns, of a new one those
that have a value. What the register calls personal or written by people, and secrets, are masked:
the trail is for ever, and an erased person must not stay in it. Statements that change many rows
at once, and COPY, are noted by table and number of rows. All of it is bounded in size.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sqlalchemy import CursorResult, event, inspect
from sqlalchemy.orm import ORMExecuteState, Session, SessionTransaction
from sqlalchemy.orm.base import NO_VALUE

from shared.masking import MASK
from shared.personal import Kind, Register, looks_personal

CHANGES: Final = "audited_changes"
# Rows told of one command; others are counted.
_ROWS: Final = 50
_VALUE: Final = 200
_WHOLE: Final = 16_000
_OPEN: Final = frozenset({Kind.PERSON, Kind.SUBJECT})
_SECRET: Final = re.compile(r"secret|token|url$|password", re.IGNORECASE)


class Masks:
    """Which columns of which table are masked."""

    def __init__(self, register: Register | None) -> None:
        self._register = register
        self._open = {
            f"{one.table}.{column}"
            for one in (register.held if register else ())
            if one.kind in _OPEN
            for column in one.columns
        }
        self._known: dict[tuple[str, str], bool] = {}

    def hides(self, table: str, column: str) -> bool:
        """Secrets always; what the register has, or, without one, what looks personal."""
        key = (table, column)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._decide(table, column)
        return found

    def _decide(self, table: str, column: str) -> bool:
        if _SECRET.search(column):
            return True
        name = f"{table}.{column}"
        if self._register is None:
            return looks_personal(column)
        return name in self._register.names() and name not in self._open


class Changes:
    """What one command has changed so far."""

    def __init__(self, masks: Masks) -> None:
        self._masks = masks
        self._rows: list[dict[str, Any]] = []
        self._counted: list[tuple[str, str, int]] = []
        # Where a savepoint began: what it changed falls with it.
        self._begun: dict[SessionTransaction, tuple[int, int]] = {}

    def note(self, done: str, row: Any) -> None:
        """A row was inserted, updated or deleted."""
        state = inspect(row)
        table = state.mapper.local_table.name
        if len(self._rows) >= _ROWS:
            self._counted.append((table, done, 1))
            return
        found = {
            "update": self._updated,
            "insert": self._inserted,
            "delete": lambda *_: {},
        }[done](table, state)
        if found is not None:
            key = [self._plain(one) for one in state.mapper.primary_key_from_instance(row)]
            self._rows.append({"table": table, "done": done, "key": key, **found})

    def count(self, table: str, done: str, rows: int) -> None:
        """So many rows of the table were changed by one statement."""
        if rows:
            self._counted.append((table, done, rows))

    def begin(self, savepoint: SessionTransaction) -> None:
        self._begun[savepoint] = (len(self._rows), len(self._counted))

    def undo(self, savepoint: SessionTransaction) -> None:
        """The savepoint was rolled back."""
        if savepoint in self._begun:
            rows, counted = self._begun[savepoint]
            del self._rows[rows:]
            del self._counted[counted:]

    def told(self) -> str | None:
        """As JSON text, within bounds; None where nothing was changed."""
        if not self._rows and not self._counted:
            return None
        rows = list(self._rows)
        text = self._text(rows)
        while len(text) > _WHOLE:
            rows = rows[: len(rows) // 2]
            text = self._text(rows)
        return text

    def _text(self, rows: list[dict[str, Any]]) -> str:
        counted: Counter[tuple[str, str]] = Counter()
        for table, done, number in self._counted:
            counted[table, done] += number
        for one in self._rows[len(rows) :]:
            counted[one["table"], one["done"]] += 1
        others = [
            {"table": table, "done": done, "rows": number}
            for (table, done), number in counted.items()
        ]
        return json.dumps([*rows, *others], ensure_ascii=False, separators=(",", ":"))

    def _updated(self, table: str, state: Any) -> dict[str, Any] | None:
        before, after = {}, {}
        for name, old in state.committed_state.items():
            new = state.dict.get(name)
            if old is NO_VALUE or old != new:
                before[name] = None if old is NO_VALUE else self._shown(table, name, old)
                after[name] = self._shown(table, name, new)
        return {"before": before, "after": after} if after else None

    def _inserted(self, table: str, state: Any) -> dict[str, Any]:
        names = state.mapper.column_attrs.keys()
        values = {name: state.dict.get(name) for name in names}
        return {
            "after": {
                name: self._shown(table, name, value)
                for name, value in values.items()
                if value is not None
            }
        }

    def _shown(self, table: str, column: str, value: Any) -> Any:
        if value is None:
            return None
        if isinstance(value, bytes) or self._masks.hides(table, column):
            return MASK
        return self._plain(value)

    @staticmethod
    def _plain(value: Any) -> Any:
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, Mapping | list | tuple | set):
            value = json.dumps(value, ensure_ascii=False, default=str, separators=(",", ":"))
        text = str(value)
        return text if len(text) <= _VALUE else f"{text[:_VALUE]}…"


def gathered(info: Mapping[Any, Any]) -> Changes | None:
    """The changes of the session's command; None where nobody asks for them."""
    found: Changes | None = info.get(CHANGES)
    return found


@event.listens_for(Session, "after_flush")
def _flushed(session: Session, _: Any) -> None:
    changes = gathered(session.info)
    if changes is None:
        return
    done: tuple[tuple[str, Iterable[Any]], ...] = (
        ("insert", session.new),
        ("update", session.dirty),
        ("delete", session.deleted),
    )
    for what, rows in done:
        for row in rows:
            changes.note(what, row)


@event.listens_for(Session, "do_orm_execute")
def _executed(state: ORMExecuteState) -> Any:
    changes = gathered(state.session.info)
    if changes is None or not (state.is_update or state.is_delete or state.is_insert):
        return None
    statement: Any = state.statement
    result: Any = state.invoke_statement()
    done = "update" if state.is_update else "delete" if state.is_delete else "insert"
    if isinstance(result, CursorResult) and not result.returns_rows:
        changes.count(statement.table.name, done, max(0, result.rowcount))
        return result
    # What it gives back is what it changed.
    returned = result.freeze()
    changes.count(statement.table.name, done, len(returned.data))
    return returned()


@event.listens_for(Session, "after_transaction_create")
def _begun(session: Session, transaction: SessionTransaction) -> None:
    changes = gathered(session.info)
    if changes is not None and transaction.nested:
        changes.begin(transaction)


@event.listens_for(Session, "after_soft_rollback")
def _undone(session: Session, transaction: SessionTransaction) -> None:
    changes = gathered(session.info)
    if changes is not None:
        changes.undo(transaction)
