"""Agendas: people put questions on, sections write themselves, the unfinished comes back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.agendas import (
    MAX_AGENDA_ITEMS,
    SECTIONS,
    AgendaAlreadyFrozen,
    AgendaClosed,
    AgendaFrozen,
    AgendaFull,
    AgendaItemAssigned,
    AgendaItemCarried,
    AgendaKind,
    AgendaOrigin,
    NoNextMeeting,
    Outcome,
    OutcomeNeedsProtocolItem,
    OutcomeTooEarly,
    check_order,
)
from services.meetings.domain.control import ControlLine, control_lines, control_text
from services.meetings.domain.meetings import (
    AGENDA_OPEN,
    AHEAD,
    TOOK_PLACE,
    MeetingStatus,
    Series,
)
from services.meetings.domain.series import COHORTS, JOINS_UNIFIED
from services.meetings.models import AgendaItem, Meeting
from services.meetings.repository import agendas as repository
from services.meetings.repository import directory, executions, meetings, rows
from services.meetings.schemas.agendas import AgendaItemCreate
from services.meetings.service import stages
from shared.clock import date_in
from shared.errors import expect_version
from shared.ids import new_id


async def add_agenda_item(
    session: AsyncSession, meeting_id: UUID, wanted: AgendaItemCreate
) -> AgendaItem:
    """Put a question at the end of the agenda; after the freeze it is marked late.

    Raises `MeetingNotFound`, `AgendaClosed`, `AgendaFull`.
    """
    meeting = await _open_agenda(session, meeting_id)
    position = len(await repository.list_agenda(session, meeting_id)) + 1
    if position > MAX_AGENDA_ITEMS:
        raise AgendaFull(f"В повестке может быть не больше {MAX_AGENDA_ITEMS} вопросов.")
    item = _item(meeting, position, **wanted.model_dump())
    item.late = meeting.frozen_at is not None
    _changed(meeting)
    await rows.add(session, item)
    return item


async def change_agenda_item(
    session: AsyncSession,
    meeting_id: UUID,
    item_id: UUID,
    wanted: AgendaItemCreate,
    *,
    expected_version: int | None = None,
) -> tuple[Meeting, AgendaItem]:
    """Let the question say something else, in the same place.

    Raises `MeetingNotFound`, `AgendaItemNotFound`, `AgendaClosed`, `AgendaFrozen`,
    `VersionMismatch`.
    """
    meeting = await _unfrozen(session, meeting_id, expected_version)
    item = await repository.get_agenda_item(session, meeting_id, item_id)
    for name, value in wanted.model_dump().items():
        setattr(item, name, value)
    _changed(meeting)
    await rows.add(session, item)
    return meeting, item


async def remove_agenda_item(
    session: AsyncSession,
    meeting_id: UUID,
    item_id: UUID,
    *,
    expected_version: int | None = None,
) -> None:
    """Take the question off; those that follow move up.

    Raises what `change_agenda_item` raises, `AgendaItemCarried`, and `AgendaItemAssigned`.
    """
    meeting = await _unfrozen(session, meeting_id, expected_version)
    # Locked, so that an item of the protocol that is being written is seen.
    item = await repository.get_agenda_item(session, meeting_id, item_id, for_update=True)
    if item.carried_from is not None:
        raise AgendaItemCarried(
            "Вопрос не рассмотрен на прошлом совещании: укажите там его результат, и он уйдёт сам."
            if await repository.is_decided_elsewhere(session, item_id)
            else "Вопрос перенесён с совещания, которое отменили или закрыли: рассмотрите его и"
            " укажите здесь результат."
        )
    if await repository.is_assigned(session, item_id):
        raise AgendaItemAssigned(
            "На вопрос ссылается пункт проекта протокола: сначала уберите ссылку или сам пункт."
        )
    await repository.remove_agenda_item(session, item)
    _changed(meeting)
    await rows.add(session, meeting)


async def order_agenda(
    session: AsyncSession,
    meeting_id: UUID,
    order: Sequence[UUID],
    *,
    expected_version: int | None = None,
) -> Meeting:
    """Hear the questions in this order.

    Raises `MeetingNotFound`, `AgendaClosed`, `AgendaFrozen`, `VersionMismatch`,
    `AgendaOrderIncomplete`.
    """
    meeting = await _unfrozen(session, meeting_id, expected_version)
    present = await repository.list_agenda(session, meeting_id)
    check_order(order, [item.id for item in present])
    if order:
        await repository.reorder(session, meeting_id, order)
    _changed(meeting)
    await rows.add(session, meeting)
    return meeting


async def control_of(
    session: AsyncSession, meeting: Meeting, *, now: datetime
) -> Sequence[ControlLine]:
    """What each region owes: as it was frozen, or as of now before that."""
    if meeting.frozen_at is not None:
        return await repository.list_control(session, meeting.id)
    return await _owed(session, meeting.series, as_of=now)


async def _owed(session: AsyncSession, series: Series, *, as_of: datetime) -> Sequence[ControlLine]:
    zones = await directory.region_zones(session)
    # The meeting of all regions looks at everything, authorities' work included; one of no
    # series controls nobody.
    if series is Series.OTHER:
        return []
    cohorts = None if series is Series.UNIFIED else COHORTS.get(series)
    work = await executions.open_work(session, cohorts)
    return control_lines(work, {code: date_in(zone, as_of) for code, zone in zones.items()})


async def freeze_agenda(
    session: AsyncSession,
    meeting_id: UUID,
    *,
    now: datetime,
    expected_version: int | None = None,
) -> Meeting:
    """Fix the agenda by hand, before its time.

    Raises `MeetingNotFound`, `VersionMismatch`, `AgendaClosed`, `AgendaAlreadyFrozen`.
    """
    meeting = await meetings.get_meeting(session, meeting_id, for_update=True)
    expect_version(meeting.version, expected_version)
    if meeting.status not in AGENDA_OPEN:
        raise AgendaClosed("Повестка меняется только до проведения или отмены совещания.")
    if meeting.frozen_at is not None:
        raise AgendaAlreadyFrozen("Повестка этого совещания уже зафиксирована.")
    await freeze(session, meeting, now=now)
    meeting.version += 1
    await rows.add(session, meeting)
    return meeting


async def freeze(session: AsyncSession, meeting: Meeting, *, now: datetime) -> None:
    """Write the sections that write themselves, put all in order, and fix it.

    What regions owe is worked out for the moment the meeting starts. The caller has locked the
    meeting and makes another version of it.
    """
    # A meeting that was moved may have been frozen before: its sections are written over.
    for item in await repository.written_by_processes(session, meeting.id):
        await repository.remove_agenda_item(session, item)
    await pull_unfinished(session, meeting)
    lines = await _owed(session, meeting.series, as_of=meeting.starts_at)
    await repository.keep_control(session, meeting.id, lines)
    agenda = list(await repository.list_agenda(session, meeting.id))
    text = control_text(lines)
    written = next((item for item in agenda if item.origin is AgendaOrigin.CONTROL), None)
    if written is not None:
        written.text = text or "Исполнение поручений: ничего не просрочено."
        await rows.add(session, written)
    said = {item.text for item in agenda if item.origin is AgendaOrigin.PROCESS}
    found = [
        (stage.kind, AgendaOrigin.PROCESS, stage.text)
        for stage in await stages.due_at(session, meeting)
        if stage.text not in said
    ]
    if text is not None and written is None:
        found.insert(0, (AgendaKind.CONTROL, AgendaOrigin.CONTROL, text))
    for kind, origin, words in found[: MAX_AGENDA_ITEMS - len(agenda)]:
        item = _item(meeting, len(agenda) + 1, kind=kind, origin=origin, text=words)
        await rows.add(session, item)
        agenda.append(item)
    ordered = sorted(agenda, key=lambda item: (SECTIONS.index(item.kind), item.position))
    if [item.id for item in ordered] != [item.id for item in agenda]:
        await repository.reorder(session, meeting.id, [item.id for item in ordered])
    meeting.frozen_at = now
    meeting.agenda_revision += 1


async def freeze_due(session: AsyncSession, *, now: datetime) -> int:
    """Fix the agendas whose moment has come; how many they were."""
    due = await meetings.to_be_frozen(session, now)
    for meeting in due:
        await freeze(session, meeting, now=now)
        meeting.version += 1
        await rows.add(session, meeting)
    return len(due)


async def pull_unfinished(session: AsyncSession, meeting: Meeting) -> None:
    """Let unfinished questions of earlier meetings come back to this one, which is locked.

    Those that came back and were decided since leave again. Meetings of no series follow none.
    """
    if meeting.series is Series.OTHER:
        return
    gone = await repository.settled(session, meeting.id)
    for item in gone:
        await repository.remove_agenda_item(session, item)
    present = len(await repository.list_agenda(session, meeting.id))
    returning = await repository.unfinished(
        session, meeting.series, before=meeting.starts_at, limit=MAX_AGENDA_ITEMS - present
    )
    came = 0
    for source in returning:
        said = source.model_dump(include={"kind", "text", "presenter", "duration_minutes"})
        position = present + came + 1
        item = _item(meeting, position, origin=AgendaOrigin.CARRIED, carried_from=source.id, **said)
        came += await repository.add_carried(session, item)
    if gone or came:
        _changed(meeting)
        await rows.add(session, meeting)


async def push_unfinished(session: AsyncSession, meeting: Meeting) -> None:
    """Let what this meeting left unfinished come back at the next one, where there is one yet.

    Where there is none, the questions come back when it is made. After the last meeting of a
    cohort's own that is the next unified one.
    """
    after = meeting.starts_at
    following = await meetings.next_ahead(session, meeting.series, after=after, but=meeting.id)
    if following is None and meeting.series in JOINS_UNIFIED:
        following = await meetings.next_ahead(session, Series.UNIFIED, after=after, but=meeting.id)
    if following is not None:
        await pull_unfinished(session, following)


async def add_template(
    session: AsyncSession, meeting: Meeting, template: Sequence[dict[str, Any]]
) -> None:
    """Put the series' standing questions on the agenda of a new meeting."""
    for position, said in enumerate(template, start=1):
        await rows.add(session, _item(meeting, position, origin=AgendaOrigin.TEMPLATE, **said))


async def record_outcome(
    session: AsyncSession,
    meeting_id: UUID,
    item_id: UUID,
    outcome: Outcome,
    *,
    note: str | None,
    actor: str,
    now: datetime,
    expected_version: int | None = None,
) -> tuple[Meeting, AgendaItem]:
    """Say what became of the question; saying it again replaces what was said.

    Raises `MeetingNotFound`, `AgendaItemNotFound`, `VersionMismatch`, `OutcomeTooEarly`,
    `AgendaClosed`, `OutcomeNeedsProtocolItem`, `NoNextMeeting`.
    """
    meeting = await meetings.get_meeting(session, meeting_id, for_update=True)
    expect_version(meeting.version, expected_version)
    item = await repository.get_agenda_item(session, meeting_id, item_id)
    if meeting.status in AHEAD:
        raise OutcomeTooEarly("Результат указывают, когда совещание началось.")
    if meeting.status not in {MeetingStatus.IN_PROGRESS, *TOOK_PLACE}:
        raise AgendaClosed("Совещание закрыто или отменено: результаты не меняются.")
    if outcome is Outcome.ASSIGNMENT and not await repository.is_assigned(session, item_id):
        raise OutcomeNeedsProtocolItem(
            "Поручение — это пункт протокола: сошлитесь в нём на этот вопрос (agenda_item_id)."
        )
    if outcome is Outcome.CARRIED_OVER and meeting.series is Series.OTHER:
        raise NoNextMeeting("Совещание вне серии: переносить вопрос некуда. Решите его здесь.")
    item.outcome = outcome
    item.outcome_note = note
    item.decided_at = now
    item.decided_by = actor
    meeting.version += 1
    await rows.add(session, item)
    carried_to = await repository.carried_to(session, item_id)
    if carried_to is not None:
        following = await meetings.get_meeting(session, carried_to, for_update=True)
        if following.status in AHEAD and following.frozen_at is None:
            await pull_unfinished(session, following)
    elif meeting.status in TOOK_PLACE:
        await push_unfinished(session, meeting)
    return meeting, item


def _item(meeting: Meeting, position: int, **said: Any) -> AgendaItem:
    return AgendaItem(id=new_id(), meeting_id=meeting.id, position=position, **said)


def _changed(meeting: Meeting) -> None:
    meeting.version += 1
    meeting.agenda_revision += 1


async def _open_agenda(session: AsyncSession, meeting_id: UUID) -> Meeting:
    meeting = await meetings.get_meeting(session, meeting_id, for_update=True)
    if meeting.status not in AGENDA_OPEN:
        raise AgendaClosed("Повестка меняется только до проведения или отмены совещания.")
    return meeting


async def _unfrozen(
    session: AsyncSession, meeting_id: UUID, expected_version: int | None
) -> Meeting:
    meeting = await _open_agenda(session, meeting_id)
    expect_version(meeting.version, expected_version)
    if meeting.frozen_at is not None:
        raise AgendaFrozen("Повестка зафиксирована: можно только добавить вопрос с отметкой.")
    return meeting
