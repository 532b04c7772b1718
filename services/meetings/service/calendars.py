"""Calendar feeds: whose meetings, as iCalendar (RFC 5545) that any calendar program reads."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.calendars import (
    MAX_FEEDS,
    FeedKind,
    FeedNotFound,
    TooManyFeeds,
    hash_of,
    new_token,
)
from services.meetings.domain.items import UnknownRegion
from services.meetings.domain.meetings import MeetingStatus, Series
from services.meetings.domain.participation import AT_WORK, Tenure
from services.meetings.domain.series import ZONE, concerns
from services.meetings.models import CalendarFeed, ClusterVersion, Meeting
from services.meetings.repository import calendars as repository
from services.meetings.repository import directory, rows
from services.meetings.schemas.calendars import FeedCreate
from services.meetings.service.scopes import scope_of
from shared.auth import Actor
from shared.clock import date_in
from shared.ids import new_id

# How far back a feed shows meetings: programs load the whole of it every time.
SHOWN_BACK: Final = timedelta(days=180)
_ALARM: Final = timedelta(minutes=-15)
_ZONE_SINCE: Final = date(2015, 1, 1)
_REFRESH: Final = timedelta(hours=1)
_NAMES: Final = {
    Series.UNIFIED: "Единые совещания",
    Series.COHORT_2022: "Совещания победителей 2022 года",
    Series.COHORT_2023: "Совещания победителей 2023 года",
    Series.COHORT_2024: "Совещания победителей 2024 года",
    Series.OTHER: "Другие совещания",
}
_STATUS: Final = {MeetingStatus.CANCELLED: "CANCELLED"}


async def create_feed(
    session: AsyncSession, wanted: FeedCreate, actor: Actor, *, now: datetime
) -> tuple[CalendarFeed, str]:
    """Open a feed; its secret is said once. A region's and a person's are for their own.

    Raises `UnknownRegion`, `FeedNotFound` for somebody else's, `TooManyFeeds`.
    """
    scope = scope_of(actor)
    match wanted.kind:
        case FeedKind.REGION:
            assert wanted.region is not None, "the schema demands it"
            if await directory.unknown_regions(session, [wanted.region]):
                raise UnknownRegion("Такого региона нет.", field="body.region")
            allowed = scope.has_region(wanted.region)
        case FeedKind.PERSON:
            assert wanted.person_id is not None, "the schema demands it"
            tenures = await directory.tenures_of(session, wanted.person_id)
            today = date_in(ZONE, now)
            allowed = scope.is_all or any(
                scope.has_region(one.region) and one.holds(today) for one in tenures
            )
        case FeedKind.SERIES:
            allowed = True
    if not allowed:
        whose = "region" if wanted.kind is FeedKind.REGION else "person_id"
        raise FeedNotFound("Такого календаря для вас нет.", field=f"body.{whose}")
    await repository.lock_feeds(session, actor.id)
    if await repository.count_open(session, actor.id) >= MAX_FEEDS:
        raise TooManyFeeds(
            f"У вас уже {MAX_FEEDS} открытых подписок. Закройте те, которыми не пользуетесь."
        )
    token = new_token()
    feed = CalendarFeed(
        id=new_id(),
        token_hash=hash_of(token),
        created_at=now,
        created_by=actor.id,
        **wanted.model_dump(),
    )
    await rows.add(session, feed)
    return feed, token


async def revoke_feed(
    session: AsyncSession, feed_id: UUID, actor: Actor, *, now: datetime
) -> CalendarFeed:
    """Close a feed: its address opens nothing any more. Raises `FeedNotFound`."""
    feed = await repository.get_feed(session, feed_id, for_update=True)
    if feed.created_by != actor.id and not actor.reaches_all:
        raise FeedNotFound("Такого календаря для вас нет.")
    feed.revoked_at = feed.revoked_at or now
    await rows.add(session, feed)
    return feed


async def render(session: AsyncSession, token: str, *, now: datetime) -> tuple[bytes, str]:
    """The calendar, and its ETag, which stays while no meeting changes. Raises `FeedNotFound`."""
    feed = await repository.find_by_hash(session, hash_of(token))
    if feed is None or feed.revoked_at is not None:
        raise FeedNotFound("По этому адресу календаря нет.")
    since = datetime.combine(date_in("UTC", now - SHOWN_BACK), datetime.min.time(), UTC)
    meetings = await repository.shown_meetings(session, since=since)
    match feed.kind:
        case FeedKind.SERIES:
            shown = [one for one in meetings if one.series == feed.series]
            assert feed.series is not None, "a constraint of the schema"
            name = _NAMES[feed.series]
        case FeedKind.REGION:
            clusters = await directory.cluster_history(session)
            shown = [one for one in meetings if _of_region(one, feed.region, clusters)]
            names = await directory.region_names(session)
            name = f"Совещания: {names.get(feed.region or '', feed.region)}"
        case FeedKind.PERSON:
            assert feed.person_id is not None, "a constraint of the schema"
            tenures = await directory.tenures_of(session, feed.person_id)
            clusters = await directory.cluster_history(session)
            shown = [one for one in meetings if _of_person(one, tenures, clusters)]
            name = "Мои совещания"
    content = calendar(name, shown)
    return content, f'"{sha256(content).hexdigest()[:32]}"'


def _of_region(meeting: Meeting, region: str | None, clusters: Sequence[ClusterVersion]) -> bool:
    """Whether clusters of the region are expected, as they were at the meeting's start."""
    if meeting.series is Series.OTHER:
        return False
    if meeting.series is Series.UNIFIED:
        return True
    newest: dict[UUID, ClusterVersion] = {}
    for one in clusters:
        if one.occurred_at <= meeting.starts_at:
            newest[one.cluster_id] = one
    return any(
        one.region == region and one.status == AT_WORK and concerns(meeting.series, one.cohort)
        for one in newest.values()
    )


def _of_person(
    meeting: Meeting, tenures: Iterable[Tenure], clusters: Sequence[ClusterVersion]
) -> bool:
    day = date_in(ZONE, meeting.starts_at)
    return any(one.holds(day) and _of_region(meeting, one.region, clusters) for one in tenures)


def calendar(name: str, meetings: Iterable[Meeting]) -> bytes:
    """The meetings as one calendar; the same meetings give the same bytes."""
    found = Calendar()
    found.add("prodid", "-//Professionalitet//Meetings//RU")
    found.add("version", "2.0")
    found.add("calscale", "GREGORIAN")
    found.add("method", "PUBLISH")
    found.add("x-wr-calname", name)
    found.add("x-wr-timezone", ZONE)
    found.add("refresh-interval", _REFRESH, parameters={"VALUE": "DURATION"})
    for meeting in meetings:
        found.add_component(_event(meeting))
    # Without the zone's older history, which parsers disagree about: Moscow's is still since 2014.
    found.add_missing_timezones(first_date=_ZONE_SINCE)
    return bytes(found.to_ical())


def _event(meeting: Meeting) -> Event:
    assert meeting.announced_at is not None, "only what was announced is shown"
    event = Event()
    starts_at = meeting.starts_at.astimezone(ZoneInfo(ZONE))
    event.add("uid", f"{meeting.id}@professionalitet")
    event.add("sequence", meeting.sequence)
    event.add("dtstamp", meeting.announced_at.astimezone(UTC))
    event.add("last-modified", meeting.announced_at.astimezone(UTC))
    event.add("created", meeting.created_at.astimezone(UTC))
    event.add("dtstart", starts_at)
    event.add("dtend", starts_at + timedelta(minutes=meeting.duration_minutes))
    event.add("summary", meeting.title)
    event.add("status", _STATUS.get(meeting.status, "CONFIRMED"))
    event.add("categories", [_NAMES[meeting.series]])
    if meeting.place:
        event.add("location", meeting.place)
    if meeting.cancel_reason:
        event.add("description", f"Отменено: {meeting.cancel_reason}")
    if meeting.status is not MeetingStatus.CANCELLED:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", meeting.title)
        alarm.add("trigger", _ALARM)
        event.add_component(alarm)
    return event
