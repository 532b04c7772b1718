"""What a database holds about one person, gathered by its register (`shared.personal`).

For the answer to a person who asks (152-ФЗ, art. 14), and before an erasure (art. 21). Rows are
found by the person's id, accounts, name and contacts; words that people wrote are searched for
the name, and shown around the place where it stands: others may be named beside it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    MetaData,
    Table,
    Text,
    Uuid,
    any_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.personal import Held, Kind, Register

# Letters before the name, letters of a whole excerpt.
_BEFORE: Final = 80
_EXCERPT: Final = 300


@dataclass(frozen=True, slots=True)
class Sought:
    """Whom to look for. What is empty is not looked for."""

    person_id: UUID | None = None
    subjects: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    contacts: tuple[str, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """What a text would name the person by."""
        ids = () if self.person_id is None else (str(self.person_id),)
        return (*self.names, *self.contacts, *ids)


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A row about the person: its key, the columns that gave it away, and what they say."""

    key: Mapping[str, str]
    found_in: Sequence[str]
    values: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Holding:
    """What one table holds: how many rows, and some of them."""

    table: str
    held: Sequence[Held]
    total: int
    rows: Sequence[HeldRow] = field(default_factory=list)


async def gather(
    session: AsyncSession,
    register: Register,
    metadata: Iterable[MetaData],
    sought: Sought,
    *,
    only: str | None = None,
    offset: int = 0,
    limit: int,
) -> list[Holding]:
    """The tables that hold something, with up to `limit` rows of each, after the first `offset`.

    `only` names one table to look into.
    """
    tables = {name: table for one in metadata for name, table in one.tables.items()}
    by_table = sorted(register.held, key=lambda one: one.table)
    found = []
    for name, group in groupby(by_table, key=lambda one: one.table):
        if only is None or name == only:
            holding = await _look(session, tables[name], list(group), sought, offset, limit)
            if holding.total:
                found.append(holding)
    return found


async def mentions(
    session: AsyncSession,
    register: Register,
    metadata: Iterable[MetaData],
    words: Sequence[str],
) -> dict[str, int]:
    """Table → how many of its rows say one of the words, in a name or in a text."""
    sought = Sought(names=tuple(words), contacts=tuple(words))
    found = await gather(session, register, metadata, sought, limit=0)
    return {one.table: one.total for one in found}


async def _look(
    session: AsyncSession,
    table: Table,
    held: Sequence[Held],
    sought: Sought,
    offset: int,
    limit: int,
) -> Holding:
    kinds = {column: one.kind for one in held for column in one.columns}
    tests = {
        name: test
        for name, kind in kinds.items()
        if (test := _test(table.c[name], kind, sought)) is not None
    }
    if not tests:
        return Holding(table.name, held, 0)
    connection = await session.connection()
    anywhere = or_(*tests.values())
    total = (
        await connection.execute(select(func.count()).select_from(table).where(anywhere))
    ).scalar_one()
    if not total:
        return Holding(table.name, held, 0)
    key = list(table.primary_key.columns)
    statement = (
        select(
            *(cast(column, Text).label(f"key_{column.name}") for column in key),
            *(func.coalesce(test, False).label(f"found_{name}") for name, test in tests.items()),
            *(
                _shown(table.c[name], kind, sought).label(f"value_{name}")
                for name, kind in kinds.items()
                if kind is not Kind.SEALED
            ),
        )
        .where(anywhere)
        .order_by(*key)
        .offset(offset)
        .limit(limit)
    )
    rows = (await connection.execute(statement)).mappings().all()
    return Holding(table.name, held, total, [_row(row) for row in rows])


def _row(row: Mapping[Any, Any]) -> HeldRow:
    def under(prefix: str) -> dict[str, Any]:
        return {
            name.removeprefix(prefix): value
            for name, value in row.items()
            if name.startswith(prefix)
        }

    found = [name for name, is_so in under("found_").items() if is_so]
    return HeldRow(under("key_"), found, under("value_"))


def _test(column: Column[Any], kind: Kind, sought: Sought) -> ColumnElement[bool] | None:
    """Whether the column is about the person; None where it cannot tell."""
    given: Sequence[str]
    if kind is Kind.SEALED:
        return None
    if kind is Kind.TEXT:
        folded = func.lower(cast(column, Text))
        return or_(*(_place(folded, word) > 0 for word in sought.words)) if sought.words else None
    if kind is Kind.PERSON:
        if sought.person_id is None:
            return None
        if isinstance(column.type, ARRAY):
            return literal(sought.person_id) == any_(column)
        is_id = isinstance(column.type, Uuid)
        return column.in_([sought.person_id if is_id else str(sought.person_id)])
    if kind is Kind.SUBJECT:
        given = sought.subjects
        if isinstance(column.type, ARRAY):
            return column.overlap(list(given)) if given else None
        return column.in_(given) if given else None
    given = sought.names if kind is Kind.NAME else sought.contacts
    return func.lower(column).in_([one.lower() for one in given]) if given else None


def _shown(column: Column[Any], kind: Kind, sought: Sought) -> ColumnElement[Any]:
    said = cast(column, Text)
    if kind is not Kind.TEXT:
        return said
    folded = func.lower(said)
    places = [_place(folded, word) for word in sought.words]
    place = case(*((one > 0, one) for one in places), else_=1)
    return func.substr(said, func.greatest(1, place - _BEFORE), _EXCERPT)


def _place(folded: ColumnElement[Any], word: str) -> ColumnElement[int]:
    return func.strpos(folded, func.lower(literal(word)))
