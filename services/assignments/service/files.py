"""Upload, read, use and delete files; sweep away what no row names."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, Final
from uuid import UUID

from obstore.store import ObjectStore
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments import store as objects
from services.assignments.domain.executions import (
    EDITABLE,
    ActionNotAllowed,
    Command,
    NotYourMove,
    Party,
)
from services.assignments.domain.files import (
    OFFICE_TYPES,
    TEXT_TYPES,
    FileInUse,
    FileUnknown,
    MacroCheck,
    TextCheck,
    check_room,
    media_type,
    shown_name,
)
from services.assignments.models import Assignment, Execution, StoredFile
from services.assignments.repository import assignments, executions
from services.assignments.repository import files as repository
from services.assignments.service.parties import away_regions, standing_of
from shared.auth import Actor, Role
from shared.ids import new_id

_PIECE: Final = 1024 * 1024
_HEAD: Final = 8192
_SIDE: Final = (Party.ADDRESSEE, Party.COORDINATOR)


@dataclass(frozen=True, slots=True)
class Offered:
    """A file as it came, looked at."""

    name: str
    media_type: str
    size: int
    sha256: str
    content: BinaryIO

    @property
    def asked(self) -> bytes:
        """What the request asks to keep: the same for the same file sent again."""
        return f"{self.name}\0{self.sha256}".encode()


def look_at(name: str, content: BinaryIO) -> Offered:
    """What the file is. Raises `FileNotTaken`."""
    name = shown_name(name)
    kind = media_type(name, content.read(_HEAD))
    text = TextCheck() if kind in TEXT_TYPES else None
    office = MacroCheck() if kind in OFFICE_TYPES else None
    content.seek(0)
    digest, size = hashlib.sha256(), 0
    while piece := content.read(_PIECE):
        digest.update(piece)
        size += len(piece)
        if text is not None:
            text.feed(piece)
        if office is not None:
            office.feed(piece)
    if text is not None:
        text.feed(b"", final=True)
    if office is not None:
        office.finish(content)
    content.seek(0)
    return Offered(name, kind, size, digest.hexdigest(), content)


async def upload(
    session: AsyncSession,
    store: ObjectStore,
    execution_id: UUID,
    actor: Actor,
    *,
    file: Offered,
    now: datetime,
) -> StoredFile:
    """Keep the file; the same content of the same party is kept once.

    The object is stored before the row and without its execution's lock: a death, or a command
    that comes in between, leaves an object nobody names, which is swept. Raises
    `ExecutionNotFound`, `ActionNotAllowed`, `NotYourMove`, `TooManyFiles`, `TooManyBytes`,
    `StoreAway`.
    """
    assigned = await executions.get_execution(session, execution_id, actor)
    assignment = await assignments.get_assignment(session, assigned.assignment_id)
    party = await _side(session, assigned, assignment, actor, now)
    same = await repository.same_content(session, execution_id, party, file.sha256)
    if same is not None:
        return same
    # Before anything is stored, and again when nobody else can add.
    check_room(*await repository.held(session, execution_id), size=file.size)
    row = StoredFile(
        id=new_id(),
        execution_id=execution_id,
        name=file.name,
        media_type=file.media_type,
        size=file.size,
        sha256=file.sha256,
        party=party,
        uploaded_by=actor.id,
        uploaded_at=now,
    )
    await objects.put(store, objects.key_of(execution_id, row.id), file.content)
    found = await executions.lock_visible(session, [execution_id], actor)
    if execution_id not in found:
        raise executions.ExecutionNotFound("Исполнение не найдено.")
    row.party = await _side(session, *found[execution_id], actor, now)
    same = await repository.same_content(session, execution_id, row.party, file.sha256)
    if same is not None:
        return same
    check_room(*await repository.held(session, execution_id), size=file.size)
    session.add(row)
    await session.flush()
    return row


async def _side(
    session: AsyncSession,
    execution: Execution,
    assignment: Assignment,
    actor: Actor,
    now: datetime,
) -> Party:
    """For which party the actor may add files now. Raises `ActionNotAllowed`, `NotYourMove`."""
    if execution.status not in EDITABLE:
        raise ActionNotAllowed(execution.status, Command.SUBMIT)
    deputises = actor.is_any(Role.DEPUTY)
    away = await away_regions(session, [execution], now) if deputises else set()
    parties = standing_of(actor, execution, assignment, away).parties
    party = next((one for one in _SIDE if one in parties), None)
    if party is None:
        raise NotYourMove(Command.SUBMIT, [Party.ADDRESSEE])
    return party


async def as_evidence(
    session: AsyncSession, execution_id: UUID, actor: Actor, given: Sequence[dict[str, Any]]
) -> tuple[dict[str, Any], ...]:
    """The evidence as a step keeps it: links as they are, files with what they are.

    Raises `FileUnknown` naming the piece that is not of this execution, `ExecutionNotFound`
    before anybody else's is looked into.
    """
    ids = [UUID(piece["file_id"]) for piece in given if piece["kind"] == "file"]
    if ids:
        await executions.get_execution(session, execution_id, actor)
    known = await repository.use(session, execution_id, ids)
    kept: list[dict[str, Any]] = []
    for number, piece in enumerate(given):
        if piece["kind"] == "link":
            kept.append({name: piece[name] for name in ("kind", "title", "url")})
            continue
        file = known.get(UUID(piece["file_id"]))
        if file is None:
            raise FileUnknown(
                "У этого исполнения нет такого файла.", field=f"body.evidence.{number}.file_id"
            )
        kept.append(
            {
                "kind": "file",
                "title": piece["title"],
                "file_id": str(file.id),
                "name": file.name,
                "media_type": file.media_type,
                "size": file.size,
                "sha256": file.sha256,
            }
        )
    return tuple(kept)


async def remove(session: AsyncSession, file_id: UUID, actor: Actor) -> None:
    """Take back a file no report names; its content is swept later.

    Raises `FileNotFound`, `NotYourMove`, `FileInUse`.
    """
    file = await repository.get_visible(session, file_id, actor, for_update=True)
    if file.uploaded_by != actor.id:
        raise NotYourMove(Command.SUBMIT, [file.party])
    if file.used:
        raise FileInUse("Файл приложен к отчёту и остаётся в истории исполнения.")
    await session.delete(file)
    await session.flush()


async def sweep(session: AsyncSession, store: ObjectStore, *, before: datetime) -> int:
    """Delete contents stored before the instant that no row names; how many."""
    swept = 0
    async for keys in objects.keys_before(store, before):
        ids = {UUID(key.rsplit("/", 1)[1]): key for key in keys}
        named = await repository.existing(session, ids)
        for file_id, key in ids.items():
            if file_id not in named:
                await objects.delete(store, key)
                swept += 1
    return swept
