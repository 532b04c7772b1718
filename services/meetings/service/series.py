"""Series: entered, ended, with days left out; their meetings are made ahead by themselves."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.meetings import AHEAD, MeetingStatus, Series
from services.meetings.domain.series import (
    COHORTS,
    ZONE,
    NotASeriesDay,
    SeriesCodeTaken,
    SeriesDayOver,
    SeriesEndBeforeStart,
    SeriesEndTooEarly,
    SeriesExceptionExists,
    check_series,
    days,
    moment,
)
from services.meetings.models import Meeting, MeetingSeries, SeriesException
from services.meetings.repository import meetings, rows
from services.meetings.repository import series as repository
from services.meetings.schemas.series import SeriesCreate, SeriesExceptionCreate
from services.meetings.service import agendas
from services.meetings.service.meetings import cancel_ahead
from shared.clock import date_in
from shared.errors import expect_version
from shared.ids import new_id

REFERENCE: Final = Path(__file__).parents[1] / "reference" / "series.json"


@dataclass(frozen=True, slots=True)
class Counts:
    """What a load did."""

    created: int
    unchanged: int


async def create_series(
    session: AsyncSession, wanted: SeriesCreate, *, now: datetime
) -> MeetingSeries:
    """Enter a series; its meetings are made within seconds.

    Raises `RuleInvalid`, `SeriesEndBeforeStart`, `SeriesEmpty`, `SeriesCodeTaken`,
    `SeriesOverlap`.
    """
    check_series(
        wanted.rule,
        starts_on=wanted.starts_on,
        ends_on=wanted.ends_on,
        skip_holidays=wanted.skip_holidays,
    )
    await repository.lock_codes(session)
    if await repository.find_by_code(session, wanted.code) is not None:
        raise SeriesCodeTaken(f"Серия с кодом {wanted.code} уже есть.", field="body.code")
    first, last = COHORTS.get(wanted.audience, (None, None))
    series = MeetingSeries(
        id=new_id(),
        first_cohort=first,
        last_cohort=last,
        timezone=ZONE,
        created_at=now,
        **wanted.model_dump(exclude={"agenda_template"}),
        agenda_template=[item.model_dump(mode="json") for item in wanted.agenda_template],
    )
    await repository.keep_series(session, series)
    return series


async def load_series(session: AsyncSession, *, now: datetime) -> Counts:
    """Enter the programme's own series, as shipped. Loading twice changes nothing.

    Series that are there already, perhaps ended by people since, stay as they are.
    """
    await repository.lock_codes(session)
    created = unchanged = 0
    for said in json.loads(REFERENCE.read_text(encoding="utf-8")):
        wanted = SeriesCreate.model_validate(said)
        if await repository.find_by_code(session, wanted.code) is not None:
            unchanged += 1
            continue
        await create_series(session, wanted, now=now)
        created += 1
    return Counts(created, unchanged)


async def end_series(
    session: AsyncSession,
    series_id: UUID,
    ends_on: date,
    *,
    now: datetime,
    expected_version: int | None = None,
) -> MeetingSeries:
    """Give the series its last day; meetings made for later days are cancelled.

    Raises `SeriesNotFound`, `VersionMismatch`, `SeriesEndBeforeStart`, `SeriesEndTooEarly`,
    `SeriesOverlap`.
    """
    series = await repository.get_series(session, series_id, for_update=True)
    expect_version(series.version, expected_version)
    if ends_on < series.starts_on:
        raise SeriesEndBeforeStart("Последний день серии раньше первого.", field="body.ends_on")
    if await meetings.took_place_after(session, series_id, ends_on):
        raise SeriesEndTooEarly("После этого дня совещания серии уже проходили.")
    for meeting in await meetings.ahead_of_series(session, series_id, after=ends_on):
        # The day is free again: should the series go on after all, it gives another meeting.
        meeting.occurrence_on = None
        await cancel_ahead(session, meeting, now=now, reason="Серия совещаний завершена.")
    series.ends_on = ends_on
    # A later end than before: the days gained are looked at anew.
    if series.made_through is not None:
        series.made_through = min(series.made_through, ends_on)
    series.version += 1
    await repository.keep_series(session, series)
    return series


async def leave_out(
    session: AsyncSession,
    series_id: UUID,
    wanted: SeriesExceptionCreate,
    *,
    actor: str,
    now: datetime,
) -> SeriesException:
    """Leave a day out; where its meeting has been made, that is cancelled with the reason.

    Raises `SeriesNotFound`, `NotASeriesDay`, `SeriesExceptionExists`, `SeriesDayOver`.
    """
    series = await repository.get_series(session, series_id, for_update=True)
    if next(_days(series, wanted.on_date, wanted.on_date), None) is None:
        raise NotASeriesDay("В этот день серия не собирается.", field="body.on_date")
    if any(one.on_date == wanted.on_date for one in await exceptions(session, series_id)):
        raise SeriesExceptionExists("Этот день уже исключён из серии.")
    made = await meetings.occurrence_on(session, series_id, wanted.on_date)
    if made is not None:
        made = await meetings.get_meeting(session, made.id, for_update=True)
        if made.status in AHEAD:
            await cancel_ahead(session, made, now=now, reason=wanted.reason)
        elif made.status is not MeetingStatus.CANCELLED:
            raise SeriesDayOver("Совещание этого дня уже началось или прошло.")
    exception = SeriesException(
        series_id=series_id, created_at=now, created_by=actor, **wanted.model_dump()
    )
    series.version += 1
    await rows.add(session, series)
    await rows.add(session, exception)
    return exception


async def exceptions(session: AsyncSession, series_id: UUID) -> Sequence[SeriesException]:
    """The days the series leaves out."""
    return await repository.list_exceptions(session, series_id)


async def make_ahead(session: AsyncSession, *, now: datetime) -> int:
    """Make the meetings of the weeks ahead that are not there yet; how many were made.

    However often and wherever it runs, a day of a series gives one meeting; where people have
    entered that by hand, none. What has begun by now is not made any more.
    """
    made = 0
    today = date_in(ZONE, now)
    for series in await repository.to_be_made(session, today):
        through = today + timedelta(weeks=series.weeks_ahead)
        if series.ends_on is not None:
            through = min(through, series.ends_on)
        since = max(today, series.made_through or today)
        left_out = {one.on_date for one in await exceptions(session, series.id)}
        for day in _days(series, since, through):
            starts_at = moment(day, series.start_time, series.timezone)
            if day not in left_out and starts_at > now:
                made += await _make(session, series, day, starts_at, now=now)
        series.made_through = through
        await rows.add(session, series)
    return made


def _days(series: MeetingSeries, since: date, until: date) -> Iterator[date]:
    last = min(until, series.ends_on) if series.ends_on else until
    return days(
        series.rule,
        starts_on=series.starts_on,
        since=since,
        until=last,
        skip_holidays=series.skip_holidays,
    )


async def _make(
    session: AsyncSession,
    series: MeetingSeries,
    day: date,
    starts_at: datetime,
    *,
    now: datetime,
) -> bool:
    # Meetings of no series share no participants by rule: there the other one is another.
    if series.audience is not Series.OTHER and await meetings.is_entered_by_hand(
        session, series.audience, starts_at
    ):
        return False
    meeting = Meeting(
        id=new_id(),
        title=series.title,
        series=series.audience,
        series_id=series.id,
        occurrence_on=day,
        starts_at=starts_at,
        duration_minutes=series.duration_minutes,
        place=series.place,
        status=MeetingStatus.SCHEDULED,
        freeze_minutes=series.freeze_minutes,
        created_at=now,
        announced_at=now,
    )
    if not await meetings.add_occurrence(session, meeting):
        return False
    meeting = await meetings.get_meeting(session, meeting.id, for_update=True)
    await agendas.add_template(session, meeting, series.agenda_template)
    await agendas.pull_unfinished(session, meeting)
    return True
