"""Imports: read, checked against the directory, entered whole or not at all.

What a commit enters is what the preview showed: rows are planned again under a lock, and one that
would now do something else refuses the commit.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Final, Protocol
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain import cluster_lists as of_clusters
from services.directory.domain import coordinator_lists as of_coordinators
from services.directory.domain.imports import (
    AT_ONCE,
    STROKE,
    ImportApplied,
    ImportHasProblems,
    ImportKind,
    ImportNotReady,
    ImportStale,
    ImportState,
    Plan,
    Planner,
    RowAction,
)
from services.directory.models import Import, ImportRow
from services.directory.repository import imports as repository
from services.directory.service import cluster_lists, coordinator_lists
from services.directory.service.days import today
from shared import outbox, queue
from shared.db import Sessions, transaction
from shared.errors import Conflict, Invalid, expect_version
from shared.ids import new_id
from shared.listings import reading
from shared.listings.cells import MAX_ROWS, Field, ListedRow, Listing, ListTooLarge

ENTRYPOINT: Final = "carry_on_import"
_NAMED: Final = 5
_LONGEST_NAME: Final = 200
_BUSY: Final = frozenset({ImportState.CHECKING, ImportState.APPLYING})

Note = Callable[[int], Awaitable[None]]


class _Compare(Protocol):
    async def __call__(
        self, session: AsyncSession, rows: Sequence[ListedRow], /, *, day: date
    ) -> Planner: ...


class _Enter(Protocol):
    async def __call__(
        self, session: AsyncSession, plans: Sequence[Plan], *, source: str, by: str, now: datetime
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class _Kind:
    """How lists of one kind are read, compared and entered."""

    fields: Sequence[Field]
    most_rows: int
    planner: _Compare
    # Made anew for every list that is entered.
    entering: Callable[[], _Enter]


_KINDS: Final = {
    ImportKind.CLUSTERS: _Kind(
        of_clusters.FIELDS, MAX_ROWS, cluster_lists.planner, lambda: cluster_lists.enter
    ),
    ImportKind.COORDINATORS: _Kind(
        of_coordinators.FIELDS,
        of_coordinators.MOST_ROWS,
        coordinator_lists.planner,
        coordinator_lists.Entering,
    ),
}


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A list as it came, read."""

    kind: ImportKind
    filename: str
    sha256: str
    listing: Listing

    @property
    def asked(self) -> bytes:
        """What the request asks for: the same for the same file sent again."""
        return f"{self.kind}\0{self.filename}\0{self.sha256}".encode()


def look_at(kind: ImportKind, filename: str, content: bytes) -> Uploaded:
    """Read the file. Raises `ListRefused` of the kind that fits."""
    listing = reading.read(filename, content, _KINDS[kind].fields)
    most = _KINDS[kind].most_rows
    if len(listing.rows) > most:
        raise ListTooLarge(f"В списке больше {most} строк: разделите его.")
    shown = (
        "".join(one for one in filename if one.isprintable()).replace("\\", "/").rpartition("/")[2]
    )
    digest = hashlib.sha256(content).hexdigest()
    return Uploaded(kind, shown[-_LONGEST_NAME:], digest, listing)


async def create(session: AsyncSession, file: Uploaded, *, by: str, now: datetime) -> Import:
    """Keep the list and check it: a short one at once, a long one by the worker."""
    listing = file.listing
    found = Import(
        id=new_id(),
        kind=file.kind,
        state=ImportState.CHECKING,
        filename=file.filename,
        sha256=file.sha256,
        columns={name: [one.text, one.letter] for name, one in listing.columns.items()},
        ignored=[f"{one.letter} «{one.text}»" for one in listing.ignored],
        rows_read=len(listing.rows),
        created_by=by,
        created_at=now,
    )
    session.add(found)
    await session.flush()
    await repository.add_rows(session, found.id, listing.rows)
    await _check_or_queue(session, found, now)
    return found


async def recheck(
    session: AsyncSession, import_id: UUID, *, now: datetime, expected_version: int | None
) -> Import:
    """Compare the list with the directory anew.

    Raises `ImportNotFound`, `VersionMismatch`, `ImportApplied`, `ImportNotReady`.
    """
    found = await repository.get_import(session, import_id, for_update=True)
    expect_version(found.version, expected_version)
    if found.state is ImportState.APPLIED:
        raise ImportApplied("Список уже внесён: проверять нечего.")
    _refuse_busy(found)
    found.state, found.conflict, found.rows_checked = ImportState.CHECKING, None, 0
    await _keep(session, found)
    await _check_or_queue(session, found, now)
    return found


def _refuse_busy(found: Import) -> None:
    if found.state in _BUSY:
        raise ImportNotReady(
            f"Список ещё обрабатывается: проверено {found.rows_checked} из {found.rows_read} строк."
        )


async def _keep(session: AsyncSession, found: Import) -> None:
    found.version += 1
    session.add(found)
    await session.flush()


async def _check_or_queue(session: AsyncSession, found: Import, now: datetime) -> None:
    if found.rows_read > AT_ONCE:
        await enqueue(session, [found])
        return
    rows = await repository.listed_rows(session, found.id)
    planner = await _KINDS[found.kind].planner(session, rows, day=today(now))
    actions = await _check_stroke(session, found.id, planner, rows)
    await _finish_check(session, found, actions)


async def enqueue(session: AsyncSession, owed: Sequence[Import]) -> None:
    """Queue what the worker owes these imports; one queued already stays so."""
    if not owed:
        return
    queries = await queue.of_session(session)
    await queries.enqueue(
        [ENTRYPOINT] * len(owed),
        [str(found.id).encode() for found in owed],
        [0] * len(owed),
        dedupe_key=[f"import:{found.id}:{found.version}" for found in owed],
        on_conflict="skip",
    )


async def requeue(session: AsyncSession) -> None:
    """Queue again what waits without a place in the queue: a job was lost to an error."""
    await enqueue(session, await repository.busy(session))


async def carry_on(sessions: Sessions, import_id: UUID, *, now: datetime) -> bool:
    """Do what the import waits for, in transactions of its own; whether anybody is to be told.

    A death in between loses nothing: a check begins anew, and entering is one transaction.
    """
    async with transaction(sessions) as session:
        found = await repository.get_import(session, import_id)
    match found.state:
        case ImportState.CHECKING:
            await _check(sessions, import_id, now)
        case ImportState.APPLYING:
            return await _apply(sessions, import_id, found.kind, now)
    return False


async def _check(sessions: Sessions, import_id: UUID, now: datetime) -> None:
    async with transaction(sessions) as session:
        found = await repository.get_import(session, import_id)
        version = found.version
        rows = await repository.listed_rows(session, import_id)
        planner = await _KINDS[found.kind].planner(session, rows, day=today(now))
    actions: Counter[RowAction] = Counter()
    left = iter(rows)
    while stroke := list(islice(left, STROKE)):
        async with transaction(sessions) as session:
            found = await repository.get_import(session, import_id, for_update=True)
            if (found.state, found.version) != (ImportState.CHECKING, version):
                return  # somebody else has
            actions += await _check_stroke(session, import_id, planner, stroke)
            found.rows_checked = actions.total()
            session.add(found)
    async with transaction(sessions) as session:
        found = await repository.get_import(session, import_id, for_update=True)
        if (found.state, found.version) == (ImportState.CHECKING, version):
            await _finish_check(session, found, actions)


async def _check_stroke(
    session: AsyncSession, import_id: UUID, planner: Planner, rows: Sequence[ListedRow]
) -> Counter[RowAction]:
    plans = await asyncio.to_thread(lambda: [(row.number, planner.plan(row)) for row in rows])
    await repository.write_plans(session, import_id, plans)
    return Counter(plan.action for _, plan in plans)


async def _finish_check(session: AsyncSession, found: Import, actions: Counter[RowAction]) -> None:
    found.rows_checked = actions.total()
    found.rows_created = actions[RowAction.CREATE]
    found.rows_changed = actions[RowAction.CHANGE]
    found.rows_unchanged = actions[RowAction.UNCHANGED]
    found.rows_refused = actions[RowAction.REFUSED]
    found.state = ImportState.FAULTY if found.rows_refused else ImportState.READY
    await _keep(session, found)


async def commit(
    session: AsyncSession,
    import_id: UUID,
    *,
    by: str,
    now: datetime,
    expected_version: int | None,
) -> Import:
    """Enter the list: a short one at once, a long one by the worker. Once entered it stays so.

    Raises `ImportNotFound`, `VersionMismatch`, `ImportNotReady`, `ImportHasProblems`,
    `ImportStale`.
    """
    # Said before anybody's transaction is waited for.
    await outbox.admit(session, now)
    found = await repository.get_import(session, import_id, for_update=True)
    if found.state in {ImportState.APPLIED, ImportState.APPLYING}:
        return found
    expect_version(found.version, expected_version)
    _refuse_busy(found)
    if found.state is ImportState.FAULTY:
        raise await _problems(session, found)
    if found.state is ImportState.STALE:
        raise ImportStale(f"{found.conflict} Проверьте список заново.")
    found.applied_by = by
    if found.rows_read > AT_ONCE:
        await _plans_that_hold(session, found, now)
        found.state = ImportState.APPLYING
        await _keep(session, found)
        await enqueue(session, [found])
    else:
        await repository.lock_tables(session, found.kind)
        await _enter(session, found, now, note=None)
    return found


async def _problems(session: AsyncSession, found: Import) -> ImportHasProblems:
    rows = await repository.list_rows(
        session, found.id, action=RowAction.REFUSED, after=None, limit=_NAMED
    )
    named = "; ".join(f"строка {row.number}: {row.flaws[0][2]}" for row in rows)
    more = " …" if found.rows_refused > len(rows) else ""
    return ImportHasProblems(f"Строк с ошибками: {found.rows_refused}. {named}{more}")


async def _apply(sessions: Sessions, import_id: UUID, kind: ImportKind, now: datetime) -> bool:
    """Whether the list is entered; a conflict with the directory makes it stale."""

    async def note(applied: int) -> None:
        async with transaction(sessions) as aside:
            await repository.note_applied(aside, import_id, applied)

    try:
        async with transaction(sessions) as session:
            await outbox.admit(session, now)
            # Before its state is read: another worker may be entering it.
            await repository.lock_tables(session, kind)
            found = await repository.get_import(session, import_id)
            if found.state is not ImportState.APPLYING:
                return False
            await _enter(session, found, now, note=note)
    except (Conflict, Invalid) as error:
        async with transaction(sessions) as session:
            found = await repository.get_import(session, import_id, for_update=True)
            if found.state is ImportState.APPLYING:
                found.state, found.conflict, found.rows_applied = ImportState.STALE, str(error), 0
                await _keep(session, found)
        return False
    return True


async def _enter(session: AsyncSession, found: Import, now: datetime, *, note: Note | None) -> None:
    """Enter all rows under the tables' lock; `note` tells how far it is, in transactions aside.

    Raises `ImportStale`, and what the directory refuses of a row.
    """
    plans = await _plans_that_hold(session, found, now)
    by = found.applied_by or found.created_by
    enter = _KINDS[found.kind].entering()
    applied = 0
    while stroke := plans[applied : applied + STROKE]:
        await enter(session, stroke, source=found.filename, by=by, now=now)
        applied += len(stroke)
        if note is not None:
            await note(applied)
    found.rows_applied = applied
    found.state, found.applied_at = ImportState.APPLIED, now
    await _keep(session, found)


async def _plans_that_hold(session: AsyncSession, found: Import, now: datetime) -> list[Plan]:
    """The rows planned anew, where each would do what the preview showed.

    Raises `ImportStale` naming the rows that would not.
    """
    promised = await repository.list_rows(session, found.id, action=None, after=None, limit=None)
    rows = await repository.listed_rows(session, found.id)
    planner = await _KINDS[found.kind].planner(session, rows, day=today(now))
    plans = await asyncio.to_thread(lambda: [planner.plan(row) for row in rows])
    broken = [
        row
        for row, plan in zip(promised, plans, strict=True)
        if not plan.does(row.target, row.before, row.after)
    ]
    if broken:
        named = "; ".join(f"строка {row.number} ({_said(row)})" for row in broken[:_NAMED])
        more = f" и ещё {len(broken) - _NAMED}" if len(broken) > _NAMED else ""
        raise ImportStale(f"После проверки справочник изменился: {named}{more}.")
    return plans


def _said(row: ImportRow) -> str:
    facts = row.before or row.after or {}
    return str(facts.get("code") or facts.get("full_name") or "")
