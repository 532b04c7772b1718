"""The newest of what was heard of each thing, kept unless a newer one is known."""

from collections.abc import Iterable, Sequence
from typing import Final, TypeVar

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.events.base import Event

E = TypeVar("E", bound=Event)
# One statement takes 32 767 values.
_AT_ONCE: Final = 2000


def newest(heard: Iterable[E]) -> list[E]:
    """The newest version of each aggregate, in the order of keys (so locks never cross)."""
    found: dict[str, E] = {}
    for event in heard:
        known = found.get(event.key)
        if known is None or known.version < event.version:
            found[event.key] = event
    return [found[key] for key in sorted(found)]


def table_of(model: type[SQLModel]) -> Table:
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found


async def keep_newest(
    session: AsyncSession, model: type[SQLModel], key: str, heard: Sequence[Event]
) -> None:
    """Store the newest version of each thing, unless a newer one is stored."""
    table = table_of(model)
    names = [column.name for column in table.columns]
    rows = [event.model_dump(include=set(names)) for event in newest(heard)]
    for first in range(0, len(rows), _AT_ONCE):
        statement = upsert(table).values(rows[first : first + _AT_ONCE])
        await session.exec(
            statement.on_conflict_do_update(
                index_elements=[key],
                set_={name: statement.excluded[name] for name in names if name != key},
                where=table.c.version < statement.excluded.version,
            )
        )
