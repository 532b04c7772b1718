"""Participation and attendance over HTTP."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response, UploadFile
from fastapi.concurrency import run_in_threadpool
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.matching import Certainty
from services.meetings.domain.meetings import Series
from services.meetings.domain.participation import (
    AttendanceListUnreadable,
    PeriodReversed,
    Tally,
)
from services.meetings.models import AttendanceImport, AttendanceTally
from services.meetings.repository import meetings
from services.meetings.repository import participation as repository
from services.meetings.schemas.fields import Day
from services.meetings.schemas.participation import (
    MAX_NAME,
    AttendanceImportRead,
    AttendanceRead,
    AttendanceSummary,
    CandidateRead,
    CommitWrite,
    ImportRowRead,
    MarksWrite,
    RegionAttendance,
    RsvpWrite,
    SeatList,
    SeatRead,
    TallyRead,
)
from services.meetings.service import attendance_imports, conference_lists
from services.meetings.service import participation as service
from shared.clock import MOSCOW, Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.text import RegionCode

router = APIRouter(prefix="/v1", tags=["participation"])


@router.get(
    "/meetings/{meeting_id}/participants",
    responses=problems(401, 403, 404, 422),
    summary="Ожидаемые участники",
)
async def list_participants(
    actor: Acting,
    meeting_id: UUID,
    session: Session,
    region: Annotated[RegionCode | None, Query(description="Только этот регион")] = None,
) -> SeatList:
    """Кластеры и координаторы по справочнику на день совещания: ответы и посещаемость.

    Регион видит своих, кластер — себя. Координатор двух регионов — в каждом, с одним ответом.
    """
    seats = await service.seats(session, meeting_id, actor, region=region)
    return SeatList(meeting_id=meeting_id, items=[_seat(one) for one in seats])


@router.post(
    "/meetings/{meeting_id}/rsvp",
    responses=problems(401, 403, 404, 409, 422),
    summary="Ответить на приглашение",
)
async def answer_invitation(
    actor: Acting, meeting_id: UUID, wanted: RsvpWrite, session: Session, now: Now
) -> SeatRead:
    """Будет ли участник; до начала совещания ответ можно изменить. Чужой участник — 404.

    За кластер отвечает он сам или его регион; координатор и заместитель — каждый только за себя,
    за другого — 403 `seat_of_another`. Секретарь и ЦУР отвечают за любого.

    Перенос совещания на другое время снимает ответы: они были к прежнему.
    """
    return _seat(await service.answer(session, meeting_id, wanted, actor, now=now))


@router.post(
    "/meetings/{meeting_id}/attendance",
    responses=problems(401, 403, 404, 409, 422),
    summary="Отметить посещаемость",
)
async def mark_attendance(
    actor: Acting, meeting_id: UUID, wanted: MarksWrite, session: Session, now: Now
) -> AttendanceRead:
    """Кто был, опоздал, отсутствовал (по уважительной причине — с её указанием)."""
    found = await service.mark(session, meeting_id, wanted.items, actor=actor.id, now=now)
    return AttendanceRead(meeting_id=meeting_id, regions=[_tally(row) for row in found])


@router.get(
    "/meetings/{meeting_id}/attendance",
    responses=problems(401, 403, 404, 422),
    summary="Посещаемость совещания",
)
async def read_attendance(actor: Acting, meeting_id: UUID, session: Session) -> AttendanceRead:
    """Доли по регионам, в которых посещаемость отмечена; у отменённого совещания долей нет."""
    await meetings.get_meeting(session, meeting_id)
    found = await repository.list_tallies(session, meeting_id)
    regions = [_tally(row) for _, row in sorted(found.items()) if row.expected]
    return AttendanceRead(meeting_id=meeting_id, regions=regions)


@dataclass(frozen=True, slots=True)
class _Offered:
    """A list of a conference, read: whoever was there by what names."""

    name: str
    content: bytes
    listed: Sequence[conference_lists.ListRow]


async def _offered(file: UploadFile) -> _Offered:
    name = file.filename or ""
    content = await file.read(conference_lists.MAX_BYTES + 1)
    if len(content) > conference_lists.MAX_BYTES:
        raise AttendanceListUnreadable("Файл больше 5 МиБ.", field="body.file")
    listed = await run_in_threadpool(conference_lists.read_list, name, content)
    return _Offered(name, content, listed)


# Before the session: a list is read while others have the connections.
Offered = Annotated[_Offered, Depends(_offered)]


@router.post(
    "/meetings/{meeting_id}/attendance/imports",
    status_code=201,
    response_model=AttendanceImportRead,
    responses=problems(401, 403, 404, 409, 413, 422),
    summary="Прочитать список участников конференции",
)
async def read_conference_list(
    actor: Acting,
    meeting_id: UUID,
    offered: Offered,
    session: Session,
    now: Now,
    once: Idempotent,
) -> Response:
    """CSV или XLSX из программы видеосвязи: за кого приняты имена и насколько это верно.

    Никто ещё не отмечен: список учитывает отдельная команда, после проверки человеком.
    """

    async def keep() -> AttendanceImportRead:
        found = await attendance_imports.preview(
            session, meeting_id, offered.name, offered.listed, actor=actor.id, now=now
        )
        return await _import(session, found)

    body = offered.name.encode() + b"\n" + offered.content
    return await once(actor.id, keep, answer=AttendanceImportRead, body=body)


@router.get(
    "/attendance-imports/{import_id}",
    responses=problems(401, 403, 404, 422),
    summary="Прочитанный список участников",
)
async def read_attendance_import(
    actor: Acting, import_id: UUID, session: Session
) -> AttendanceImportRead:
    """За кого приняты имена списка."""
    return await _import(session, await repository.get_import(session, import_id))


@router.post(
    "/attendance-imports/{import_id}/commit",
    responses=problems(401, 403, 404, 409, 422),
    summary="Учесть список участников",
)
async def commit_attendance_import(
    actor: Acting, import_id: UUID, wanted: CommitWrite, session: Session, now: Now
) -> AttendanceRead:
    """Отмечены уверенные совпадения и те, что подтвердил человек."""
    found, regions = await attendance_imports.commit(
        session,
        import_id,
        wanted.corrections,
        mark_absent=wanted.mark_absent,
        actor=actor.id,
        now=now,
    )
    return AttendanceRead(meeting_id=found.meeting_id, regions=[_tally(row) for row in regions])


@router.get(
    "/attendance",
    responses=problems(401, 403, 422),
    summary="Посещаемость по регионам",
)
async def summarise_attendance(
    actor: Acting,
    session: Session,
    since: Annotated[Day, Query(alias="from", description="С этого дня (по Москве)")],
    until: Annotated[Day, Query(alias="to", description="По этот день включительно")],
    series: Series | None = None,
) -> AttendanceSummary:
    """Доля участия каждого региона за дни; показывается и в балл не входит.

    Отменённые совещания, и прерванные тоже, не считаются.
    """
    if until < since:
        raise PeriodReversed("Последний день раньше первого.", field="query.to")
    found = await repository.sum_tallies(
        session,
        since=_midnight(since),
        until=_midnight(until + timedelta(days=1)),
        series=series,
    )
    regions = [
        RegionAttendance(meetings=count, **_counts(region, tally).model_dump())
        for region, count, tally in found
    ]
    return AttendanceSummary(since=since, until=until, regions=regions)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=MOSCOW).astimezone(UTC)


def _seat(one: service.Seat) -> SeatRead:
    known = one.known
    return SeatRead(
        participant_id=one.participant.id,
        kind=one.participant.kind,
        region=one.participant.region,
        name=one.participant.name,
        offices=sorted(one.participant.offices),
        answer=known.answer if known else None,
        answer_reason=known.answer_reason if known else None,
        attendance=known.attendance if known else None,
        note=known.note if known else None,
    )


def _tally(row: AttendanceTally) -> TallyRead:
    tally = Tally(row.expected, row.attended, row.late, row.excused, row.absent)
    return _counts(row.region, tally)


def _counts(region: str, tally: Tally) -> TallyRead:
    return TallyRead(
        region=region,
        expected=tally.expected,
        attended=tally.attended,
        late=tally.late,
        excused=tally.excused,
        absent=tally.absent,
        share_bp=tally.share_bp,
    )


async def _import(session: AsyncSession, found: AttendanceImport) -> AttendanceImportRead:
    meeting = await meetings.get_meeting(session, found.meeting_id)
    names: dict[str, str] = {}
    for one in await service.expected(session, meeting):
        # Who is expected for two regions has a name in each.
        both = "; ".join(filter(None, (names.get(str(one.id)), one.name)))
        names[str(one.id)] = both[:MAX_NAME]
    shown = [
        ImportRowRead(
            **{name: value for name, value in row.items() if name != "candidates"},
            candidates=[
                CandidateRead(**other, name=names.get(other["participant_id"], ""))
                for other in row["candidates"]
            ],
        )
        for row in found.rows
    ]
    counts = dict.fromkeys(Certainty, 0)
    for row in shown:
        counts[row.certainty] += 1
    sure = {str(row.participant_id) for row in shown if row.certainty is Certainty.SURE}
    return AttendanceImportRead(
        **found.model_dump(include={"id", "meeting_id", "filename", "created_at", "committed_at"}),
        sure=counts[Certainty.SURE],
        likely=counts[Certainty.LIKELY],
        unknown=counts[Certainty.UNKNOWN],
        missing=len(names.keys() - sure),
        rows=shown,
    )
