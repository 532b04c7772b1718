"""Letters of a slice: prepared for every region, sent once each, acknowledged by their heads."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from pydantic import HttpUrl, SecretStr
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.explanations import Part
from services.rating.domain.letters import (
    DECIDED,
    PAUSES,
    LetterState,
    refuse_impossible,
    refuse_unsent,
)
from services.rating.domain.methodologies import WHOLE
from services.rating.domain.scores import Tally
from services.rating.letters import Finding, Letter, Month, render
from services.rating.models import LetterFile, Slice, SliceLetter, SliceRow
from services.rating.repository import letters as repository
from services.rating.repository import methodologies
from services.rating.repository import slices as frozen
from services.rating.service import slices, tables
from services.rating.service.names import Names, names_of
from shared import mail, queue, spreadsheets
from shared.clients import directory
from shared.clients.base import ServiceClient
from shared.clock import MOSCOW, date_in
from shared.errors import Conflict, expect_version

ENTRYPOINT: Final = "send_slice_letter"
NOBODY: Final = "В регионе нет руководителя органа власти."
NO_ADDRESS: Final = "У руководителя нет адреса почты."
_FINDINGS: Final = 10
_MONTHS: Final = 11


class Targets(Protocol):
    """How letters leave, and where their link leads."""

    smtp_url: SecretStr | None
    mail_from: str
    public_url: HttpUrl | None


class StillNobody(Conflict):
    """The region has no head to write to."""

    code = "no_addressee"
    title = "Некому отправить"


async def prepare(session: AsyncSession, client: ServiceClient, *, now: datetime) -> Slice | None:
    """A letter for every region of the oldest slice that has none; which slice that was.

    All of them or none, in one transaction; a region without a head has one too, and says so.
    A revision writes to the regions whose line it changed; one that changed none is published at
    once. Raises `CalleeAway`.
    """
    one = await repository.unprepared(session)
    if one is None:
        return None
    concerned = await _concerned(session, one)
    if not concerned:
        await _finish(session, one.id, now=now)
        return one
    heads = await directory.heads_of_authorities(client, at=date_in("Europe/Moscow", now))
    names = await _names(client, [heads[region] for region in concerned if region in heads])
    letters = [
        SliceLetter(
            slice_id=one.id,
            region=region,
            person_id=heads.get(region),
            addressee=names[heads[region]] if region in heads else None,
            state=LetterState.PREPARED if region in heads else LetterState.NO_ADDRESSEE,
            token=secrets.token_urlsafe(32),
            last_error=None if region in heads else NOBODY,
            prepared_at=now,
        )
        for region in concerned
    ]
    await repository.keep(session, letters)
    await enqueue(session, await repository.waiting(session))
    return one


async def _names(client: ServiceClient, people: Sequence[UUID]) -> Mapping[UUID, str]:
    return {person: await directory.name_of(client, person) for person in dict.fromkeys(people)}


async def _concerned(session: AsyncSession, one: Slice) -> list[str]:
    rows = await frozen.rows_of(session, one.id)
    if one.revision == 0:
        return [row.region for row in rows]
    before = next(
        other
        for other in await frozen.list_slices(session, one.period)
        if other.revision == one.revision - 1
    )
    was = {row.region: slices.line_of(row) for row in await frozen.rows_of(session, before.id)}
    return [row.region for row in rows if was.get(row.region) != slices.line_of(row)]


async def enqueue(session: AsyncSession, waiting: Sequence[tuple[UUID, int]]) -> None:
    """Queue letters and their turns in the caller's transaction; one queued already stays so."""
    if not waiting:
        return
    queries = await queue.of_session(session)
    await queries.enqueue(
        [ENTRYPOINT] * len(waiting),
        [str(letter_id).encode() for letter_id, _ in waiting],
        [0] * len(waiting),
        dedupe_key=[f"{letter_id}:{turn}" for letter_id, turn in waiting],
        on_conflict="skip",
    )


async def requeue(session: AsyncSession) -> None:
    """Queue again whatever waits without a place in the queue."""
    await enqueue(session, await repository.waiting(session))


async def send(
    session: AsyncSession,
    client: ServiceClient,
    targets: Targets,
    letter_id: UUID,
    *,
    now: datetime,
) -> timedelta | None:
    """Try to send the letter; how long to wait before the next attempt, if there is to be one.

    It is sent under its row's lock, and one that is sent is not sent again; only a death between
    the mail server's answer and the commit may repeat it, under the same `Message-ID`.
    Raises `CalleeAway` while the directory is away.
    """
    letter = await repository.lock_letter(session, letter_id)
    if letter.state is not LetterState.PREPARED or targets.smtp_url is None:
        return None
    session.add(letter)
    letter.attempts += 1
    letter.version += 1
    assert letter.person_id is not None, "one without an addressee does not wait"
    email = await directory.email_of(client, letter.person_id)
    if email is None:
        letter.state, letter.last_error = LetterState.FAILED, NO_ADDRESS
        return None
    one = await frozen.get_slice(session, letter.slice_id)
    files = await files_of(session, letter)
    try:
        message = mail.letter(
            letter.id,
            turn=letter.turn,
            sender=targets.mail_from,
            to=email,
            subject=f"Рейтинг регионального управления за {one.period}",
            text=_text(letter, one, targets),
            at=now,
            attachments=_attachments(files, f"rating-{one.period}-{letter.region}"),
        )
    except mail.AddressInvalid as error:
        letter.state, letter.last_error = LetterState.FAILED, str(error)
        return None
    try:
        await mail.send(targets.smtp_url.get_secret_value(), message)
    except mail.MailRefused as error:
        letter.last_error = str(error)[:500]
        if error.for_good or letter.attempts > len(PAUSES):
            letter.state = LetterState.FAILED
            return None
        return timedelta(seconds=PAUSES[letter.attempts - 1])
    letter.state, letter.sent_at, letter.last_error = LetterState.SENT, now, None
    return None


def _attachments(files: LetterFile, name: str) -> list[mail.Attachment]:
    found = [mail.Attachment(f"{name}.pdf", files.pdf)]
    if files.xlsx is not None:
        found.append(mail.Attachment(f"{name}.xlsx", files.xlsx, spreadsheets.XLSX.media_type))
    return found


def _text(letter: SliceLetter, one: Slice, targets: Targets) -> str:
    lines = [
        f"Срез рейтинга эффективности регионального управления за {one.period} — во вложении:",
        "письмо и таблица исполнений, из которых сложился балл.",
        "",
    ]
    # Here and nowhere else: the files are shown to whoever may read of the letter.
    url = _link(letter, targets)
    if url is not None:
        lines += ["Подтвердите, пожалуйста, ознакомление:", url, ""]
    return "\n".join([*lines, "Письмо сформировано автоматически."])


def _link(letter: SliceLetter, targets: Targets) -> str | None:
    base = targets.public_url
    return None if base is None else f"{str(base).rstrip('/')}/letters/{letter.token}"


async def settle(session: AsyncSession, *, now: datetime) -> Sequence[UUID]:
    """Slices whose letters are all decided become sent, and then published."""
    found = await repository.decided(session)
    for slice_id in found:
        await _finish(session, slice_id, now=now)
    return found


async def _finish(session: AsyncSession, slice_id: UUID, *, now: datetime) -> None:
    await slices.mark_sent(session, slice_id, now=now)
    await slices.publish(session, slice_id, now=now)


async def resend(
    session: AsyncSession,
    client: ServiceClient,
    slice_id: UUID,
    region: str,
    *,
    now: datetime,
) -> SliceLetter:
    """Queue the letter once more, to whoever is the head today.

    To the same head it is the same letter; another gets one of their own, not acknowledged yet.
    Raises `LetterNotFound`, `StillNobody`, `CalleeAway`.
    """
    letter = await repository.letter_of(session, slice_id, region, lock=True)
    heads = await directory.heads_of_authorities(client, at=date_in("Europe/Moscow", now))
    if region not in heads:
        raise StillNobody("В регионе всё ещё нет руководителя: назначьте его в справочнике.")
    name = await directory.name_of(client, heads[region])
    is_another = heads[region] != letter.person_id
    if is_another or letter.state in DECIDED:
        letter.turn += 1
    if is_another:
        await _write_to_another(session, letter, heads[region], now=now)
    letter.addressee = name
    letter.state, letter.attempts, letter.last_error = LetterState.PREPARED, 0, None
    letter.delivered_at = letter.delivery_note = None
    letter.version += 1
    session.add(letter)
    await session.flush()
    await enqueue(session, [(letter.id, letter.turn)])
    return letter


async def _write_to_another(
    session: AsyncSession, letter: SliceLetter, person_id: UUID, *, now: datetime
) -> None:
    """Its own date, link and files; what was sent to the one before stays as a document."""
    if letter.sent_at is None:
        await repository.delete_files(session, letter)
    letter.person_id, letter.addressed_turn = person_id, letter.turn
    # Who has the letter of the one before must not acknowledge for this one.
    letter.token, letter.prepared_at = secrets.token_urlsafe(32), now
    letter.sent_at = letter.acknowledged_at = letter.acknowledged_by = None


async def record_delivery(
    session: AsyncSession,
    slice_id: UUID,
    region: str,
    outcome: LetterState,
    note: str,
    *,
    at: datetime,
    expected: int | None,
    now: datetime,
) -> SliceLetter:
    """What a notification says became of a sent letter: delivered, or failed after all.

    Raises `LetterNotFound`, `VersionMismatch`, `LetterNotSent`, `DeliveryTimeImpossible`.
    """
    letter = await repository.letter_of(session, slice_id, region, lock=True)
    expect_version(letter.version, expected)
    refuse_unsent(letter.state)
    assert letter.sent_at is not None, "a sent letter has it"
    refuse_impossible(at, sent_at=letter.sent_at, now=now)
    letter.state = outcome
    if outcome is LetterState.DELIVERED:
        letter.delivered_at, letter.delivery_note = at, note
    else:
        letter.last_error = note
    letter.version += 1
    session.add(letter)
    await session.flush()
    return letter


async def acknowledge(
    session: AsyncSession, letter: SliceLetter, *, by: str, now: datetime
) -> None:
    """The head has read it. Saying it twice keeps the first time."""
    if letter.acknowledged_at is None:
        letter.acknowledged_at, letter.acknowledged_by = now, by
        letter.version += 1
        session.add(letter)
        await session.flush()


async def files_of(session: AsyncSession, letter: SliceLetter) -> LetterFile:
    """The letter as a PDF, and its executions as a table; made once for whom it is written to."""
    known = await session.get(LetterFile, (letter.id, letter.addressed_turn))
    if known is not None:
        return known
    one, row, parts = await slices.explain(session, letter.slice_id, letter.region)
    names = await names_of(session, (part.facts for part in parts))
    content = await _content(session, letter, one, row, parts, names)
    made = LetterFile(
        letter_id=letter.id,
        turn=letter.addressed_turn,
        pdf=await asyncio.to_thread(render, content),
        xlsx=await _table(session, one, row, parts, names),
    )
    session.add(made)
    await session.flush()
    return made


async def _table(
    session: AsyncSession, one: Slice, row: SliceRow, parts: Sequence[Part], names: Names
) -> bytes:
    assert one.methodology_id is not None, "a frozen slice has it"
    document = await methodologies.get_methodology(session, one.methodology_id)
    notes = tables.notes_of_region(one, row, document.methodology)
    named = [tables.Named(part, names) for part in parts]
    file = await tables.table(spreadsheets.XLSX, "Исполнения", tables.PARTS, named, notes)
    with file:
        return file.read()


async def _content(
    session: AsyncSession,
    letter: SliceLetter,
    one: Slice,
    row: SliceRow,
    parts: Sequence[Part],
    names: Names,
) -> Letter:
    rows = await frozen.rows_of(session, one.id)
    lost = sorted(
        (part for part in parts if part.credit and part.credit.value < WHOLE),
        key=lambda part: (-_lost(part), part.facts.due, part.facts.execution_id),
    )
    district = [other for other in rows if other.federal_district == row.federal_district]
    months = await repository.earlier_scores(session, letter.region, one.period, months=_MONTHS)
    assert one.frozen_at is not None, "a frozen slice has it"
    assert one.mu_bp is not None, "a frozen slice has it"
    return Letter(
        number=f"{one.period}/{letter.region}" + (f"-{one.revision}" if one.revision else ""),
        dated=letter.prepared_at.astimezone(MOSCOW).date(),
        addressee=letter.addressee,
        authority="органа исполнительной власти в сфере образования",
        region=row.name,
        period=one.period,
        revision=one.revision,
        reason=one.reason,
        raw_bp=row.raw_bp,
        stabilised_bp=row.stabilised_bp,
        zone=row.zone,
        place=row.place,
        placed=sum(other.place is not None for other in rows),
        change_bp=row.change_bp,
        place_before=row.place_before,
        executions=row.executions,
        on_time_bp=slices.line_of(row).tally.on_time_bp,
        debts=row.debts,
        delay=row.delay,
        returns=row.returns,
        extensions=row.extensions,
        country_bp=one.national_raw_bp,
        district=row.federal_district,
        district_bp=_pooled(district).raw_bp,
        findings=tuple(_finding(part, names) for part in lost[:_FINDINGS]),
        more=max(0, len(lost) - _FINDINGS),
        months=(
            *(Month(*earlier) for earlier in months),
            Month(one.period, row.stabilised_bp, row.place),
        ),
        methodology=f"{one.methodology}, версия {one.methodology_version}",
        mu_bp=one.mu_bp,
        result_hash=one.result_hash or "",
        inputs_hash=one.inputs_hash or "",
    )


def _pooled(rows: Sequence[SliceRow]) -> Tally:
    return sum((slices.line_of(row).tally for row in rows), Tally())


def _lost(part: Part) -> int:
    return part.facts.weight * WHOLE - part.contribution


def _finding(part: Part, names: Names) -> Finding:
    assert part.credit is not None, "only what counts has lost points"
    facts, assignment = part.facts, names.assignment(part.facts)
    number = assignment.number if assignment else None
    return Finding(facts.due, facts.weight, part.credit.value, part.reason, number)


def counts(letters: Sequence[SliceLetter]) -> Mapping[str, int]:
    """How many letters are in which state, and how many are acknowledged."""
    found = {state.value: 0 for state in LetterState}
    for letter in letters:
        found[letter.state.value] += 1
    return found | {"acknowledged": sum(one.acknowledged_at is not None for one in letters)}
