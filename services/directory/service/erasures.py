"""Erase a person: the name gives way to a pseudonym, contacts go, history keeps its id.

What is decided here and why is ADR 0017; what is held where, `domain.personal`.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.appointments import OFFICE_NAMES
from services.directory.domain.erasures import PersonErasedAlready, PersonNeeded
from services.directory.domain.imports import ImportState
from services.directory.domain.mandates import MANDATE_NAMES
from services.directory.domain.personal import REGISTER
from services.directory.models import Base, Erasure, ImportRow, Person
from services.directory.repository import erasures as repository
from services.directory.repository import rows
from services.directory.schemas.erasures import ErasureCreate
from services.directory.service.days import today
from shared import dossiers, erasures, idempotency, outbox, tables
from shared.events.directory import PersonErased
from shared.listings.cells import folded
from shared.personal import Traces, pseudonym, traces_of

_STALE: Final = "Человек из этого списка обезличен: загрузите список заново."
_CONTACTS: Final = ("email", "phone")
_PERSONAL: Final = ("full_name", *_CONTACTS)


async def erase(
    session: AsyncSession,
    person_id: UUID,
    wanted: ErasureCreate,
    *,
    by: str,
    now: datetime,
) -> Erasure:
    """Replace the person's name by a pseudonym, forget the contacts, and tell whoever has copies.

    Raises `PersonNotFound`, `PersonErasedAlready`, `PersonNeeded` while an office, a mandate or a
    working group is theirs.
    """
    await outbox.admit(session, now)
    person = await repository.lock_person(session, person_id)
    if person.erased_at is not None:
        raise PersonErasedAlready(f"Человек обезличен {person.erased_at:%d.%m.%Y}.")
    await _check_needed(session, person_id, now)
    traces = traces_of(person_id, person.full_name, person.email, person.phone)
    rewritten = Counter({"people": 1})
    rewritten += await _rewrite_lists(session, person, traces)
    rewritten["idempotency_keys"] = await idempotency.scrub(session, traces)
    person.full_name, person.email, person.phone = pseudonym(person_id), None, None
    person.erased_at, person.version = now, person.version + 1
    await rows.save(session, person)
    erasure = Erasure(
        person_id=person_id,
        reason=traces.scrubbed(wanted.reason),
        erased_by=by,
        erased_at=now,
        rewritten=dict(+rewritten),
        mentioned=await dossiers.mentions(
            session, REGISTER, (Base.metadata, tables.Base.metadata), traces.telling
        ),
    )
    await rows.save(session, erasure)
    event = PersonErased(
        person_id=person_id,
        subjects=sorted(set(wanted.subjects)),
        version=person.version,
        occurred_at=now,
    )
    await erasures.keep(session, [event])
    await outbox.add(session, [event])
    return erasure


async def _check_needed(session: AsyncSession, person_id: UUID, now: datetime) -> None:
    day = today(now)
    needs = [
        f"{OFFICE_NAMES[one.office]} региона {one.region}"
        for one in await repository.offices(session, person_id, day)
    ]
    needs += [
        f"{MANDATE_NAMES[one.kind]} ассоциации «{name}»"
        for one, name in await repository.charges(session, person_id, day)
    ]
    needs += [
        f"рабочая группа «{one.name}»" for one in await repository.groups(session, person_id, day)
    ]
    if needs:
        raise PersonNeeded(
            f"Сначала завершите: {'; '.join(needs[:10])}. Обезличить можно на следующий день"
            " после последнего дня."
        )


async def _rewrite_lists(session: AsyncSession, person: Person, traces: Traces) -> Counter[str]:
    """The person's rows of uploaded lists; one that is not entered yet becomes stale."""
    imports = {one.id: one for one in await repository.lists(session)}
    touched = set()
    counted: Counter[str] = Counter()
    for row in await repository.listed_rows(session):
        if _rewrite(row, person, traces):
            touched.add(row.import_id)
            counted["import_rows"] += 1
            session.add(row)
    for one in imports.values():
        named = traces.are_in(one.filename)
        if one.id not in touched and not named:
            continue
        one.filename = traces.scrubbed(one.filename)
        counted["imports"] += named
        if one.id in touched and one.state is not ImportState.APPLIED:
            one.state, one.conflict = ImportState.STALE, _STALE
        one.version += 1
        session.add(one)
    await session.flush()
    return counted


def _rewrite(row: ImportRow, person: Person, traces: Traces) -> bool:
    """Whether the row names the person; then it does so no longer."""
    said = [row.cells, row.before, row.after, row.flaws, row.stray]
    is_theirs = any(_is_of(facts, person) for facts in (row.before, row.after))
    if not is_theirs and not traces.are_in(said):
        return False
    # A row of theirs may tell of contacts they had before.
    name = (row.cells.get("full_name") or [""])[0]
    cells = traces.scrubbed(row.cells)
    if is_theirs or folded(name) == folded(person.full_name):
        # Left empty, the row is refused wherever somebody has the list checked again.
        cells = {
            field: ["" if field in _PERSONAL else cell[0], *cell[1:]]
            for field, cell in cells.items()
        }
    row.cells, row.stray = cells, None
    row.before = _without_contacts(row.before, person, traces)
    row.after = _without_contacts(row.after, person, traces)
    row.flaws = traces.scrubbed(row.flaws)
    return True


def _is_of(facts: Mapping[str, Any] | None, person: Person) -> bool:
    return facts is not None and (
        facts.get("person_id") == str(person.id)
        or folded(str(facts.get("full_name") or "")) == folded(person.full_name)
    )


def _without_contacts(
    facts: dict[str, Any] | None, person: Person, traces: Traces
) -> dict[str, Any] | None:
    if facts is None:
        return None
    scrubbed: dict[str, Any] = traces.scrubbed(facts)
    if not _is_of(facts, person):
        return scrubbed
    return scrubbed | {"full_name": traces.instead, **dict.fromkeys(_CONTACTS)}
