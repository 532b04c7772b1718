"""Calendar feeds: two strangers' parsers read them, and a moved meeting is the same entry."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
import vobject
from ics import Calendar
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.calendars import MAX_FEEDS, SHOWN_FEEDS, FeedKind
from services.meetings.domain.meetings import Series
from services.meetings.models import CalendarFeed
from services.meetings.repository import directory
from shared.ids import new_id
from tests.conftest import NOW, Headers, Tokens
from tests.meetings.factories import (
    appointment,
    hear_directory,
    person_id,
    schedule,
)


async def _subscribe(client: httpx.AsyncClient, actor: Headers, **wanted: str) -> str:
    answer = await client.post("/v1/calendar-feeds", headers=actor, json=wanted)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["path"])


async def _read(client: httpx.AsyncClient, path: str) -> str:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/calendar")
    return answer.text


def _events(text: str) -> Iterator[dict[str, Any]]:
    """What both parsers say of each event; they must agree."""
    by_uid = {event.uid: event for event in Calendar(text).events}
    (found,) = vobject.readComponents(text)
    events = found.contents.get("vevent", [])
    assert by_uid.keys() == {event.uid.value for event in events}
    for event in sorted(events, key=lambda event: event.dtstart.value):
        other = by_uid[event.uid.value]
        assert event.dtstart.value == other.begin.datetime
        assert event.dtend.value == other.end.datetime
        assert event.summary.value == other.name
        yield {
            "uid": event.uid.value,
            "at": event.dtstart.value.isoformat(),
            "sequence": int(event.sequence.value),
            "status": event.status.value,
            "place": event.contents["location"][0].value if "location" in event.contents else None,
        }


async def test_two_independent_parsers_read_the_feed_with_its_time_zone(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    title = "Совещание; вопросы, итоги \\ планы " + "очень длинное " * 10
    meeting_id = await schedule(client, secretary, title=title.strip(), place="Москва, зал 1")
    path = await _subscribe(client, secretary, kind="series", series="unified")

    text = await _read(client, path)

    (event,) = _events(text)
    assert event == {
        "uid": f"{meeting_id}@professionalitet",
        "at": "2023-10-04T10:00:00+03:00",
        "sequence": 0,
        "status": "CONFIRMED",
        "place": "Москва, зал 1",
    }
    assert "BEGIN:VTIMEZONE\r\nTZID:Europe/Moscow" in text
    assert "BEGIN:VALARM" in text
    assert "\n" not in text.replace("\r\n", "")
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    assert next(iter(Calendar(text).events)).name == title.strip()


async def test_a_moved_meeting_is_the_same_entry_and_a_cancelled_one_says_so(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    meeting_id = await schedule(client, secretary)
    await schedule(client, secretary, draft=True)
    path = await _subscribe(client, secretary, kind="series", series="unified")
    (before,) = _events(await _read(client, path))
    wanted = {"starts_at": "2023-10-05T12:00:00+03:00", "reason": "Праздник", "place": "Зал 2"}

    await client.post(f"/v1/meetings/{meeting_id}/move", headers=secretary, json=wanted)
    (moved,) = _events(await _read(client, path))
    await client.post(
        f"/v1/meetings/{meeting_id}/cancel", headers=secretary, json={"reason": "Нет кворума"}
    )
    (cancelled,) = _events(await _read(client, path))

    assert moved["uid"] == cancelled["uid"] == before["uid"]
    assert before["sequence"] < moved["sequence"] < cancelled["sequence"]
    assert (moved["at"], moved["place"]) == ("2023-10-05T12:00:00+03:00", "Зал 2")
    assert (moved["status"], cancelled["status"]) == ("CONFIRMED", "CANCELLED")


async def test_a_draft_that_was_called_off_was_never_in_any_calendar(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    path = await _subscribe(client, secretary, kind="series", series="unified")
    cancelled, scheduled = [await schedule(client, secretary, draft=True) for _ in range(2)]
    wanted = {"starts_at": "2023-10-05T12:00:00+03:00", "reason": "Праздник"}
    for draft in (cancelled, scheduled):
        await client.post(f"/v1/meetings/{draft}/move", headers=secretary, json=wanted)
    reason = {"reason": "Передумали"}

    called_off = await client.post(
        f"/v1/meetings/{cancelled}/cancel", headers=secretary, json=reason
    )
    before = await _read(client, path)
    await client.post(f"/v1/meetings/{scheduled}/schedule", headers=secretary)
    (event,) = _events(await _read(client, path))

    assert called_off.json()["status"] == "cancelled"
    assert list(_events(before)) == []
    assert event["uid"] == f"{scheduled}@professionalitet"


async def test_the_tag_stays_while_nothing_changes(
    client: httpx.AsyncClient, secretary: Headers
) -> None:
    meeting_id = await schedule(client, secretary)
    path = await _subscribe(client, secretary, kind="series", series="unified")
    first = await client.get(path)
    later = {"X-Simulated-Now": "2023-10-02T12:00:00Z", "If-None-Match": first.headers["ETag"]}

    same = await client.get(path, headers=later)
    body = {"kind": "operational", "text": "Вопрос"}
    await client.post(f"/v1/meetings/{meeting_id}/agenda-items", headers=secretary, json=body)
    agenda_only = await client.get(path, headers=later)
    await client.post(
        f"/v1/meetings/{meeting_id}/cancel", headers=secretary, json={"reason": "Нет кворума"}
    )
    changed = await client.get(path, headers=later)

    assert (same.status_code, same.content) == (304, b"")
    assert agenda_only.status_code == 304
    assert changed.status_code == 200
    assert changed.headers["ETag"] != first.headers["ETag"]


async def test_a_region_and_a_person_see_the_meetings_they_belong_at(
    client: httpx.AsyncClient, secretary: Headers, session: AsyncSession
) -> None:
    await hear_directory(session)
    # In office up to the day before the second unified meeting.
    await directory.keep_appointments(session, [appointment(1, "16", until="2023-10-10")])
    wanted = {
        "unified": await schedule(client, secretary),
        "2022": await schedule(client, secretary, series="cohort-2022"),
        "2023": await schedule(client, secretary, series="cohort-2023"),
        "other": await schedule(client, secretary, series="other"),
        "later": await schedule(client, secretary, starts_at="2023-10-11T10:00:00+03:00"),
    }
    names = {f"{id_}@professionalitet": name for name, id_ in wanted.items()}

    async def shown(**feed: str) -> set[str]:
        text = await _read(client, await _subscribe(client, secretary, **feed))
        return {names[event["uid"]] for event in _events(text)}

    assert await shown(kind="region", region="16") == {"unified", "2022", "2023", "later"}
    assert await shown(kind="region", region="63") == {"unified", "2022", "later"}
    person = str(person_id(1))
    assert await shown(kind="person", person_id=person) == {"unified", "2022", "2023"}
    assert await shown(kind="series", series="other") == {"other"}


async def test_a_feed_is_for_ones_own_and_closes_when_revoked(
    client: httpx.AsyncClient, token: Tokens, secretary: Headers, session: AsyncSession
) -> None:
    await hear_directory(session)
    await directory.keep_appointments(session, [appointment(1, "16")])
    own = token("coordinator", sub="coordinator-16", regions=["16"])
    foreign = token("coordinator", sub="coordinator-63", regions=["63"])
    person = {"kind": "person", "person_id": str(person_id(1))}
    path = await _subscribe(client, own, kind="region", region="16")
    await _subscribe(client, own, **person)

    refused = [
        await client.post("/v1/calendar-feeds", headers=foreign, json=body)
        for body in ({"kind": "region", "region": "16"}, person)
    ]
    listed = (await client.get("/v1/calendar-feeds", headers=own)).json()["items"]
    theirs = (await client.get("/v1/calendar-feeds", headers=foreign)).json()["items"]
    not_theirs = await client.post(f"/v1/calendar-feeds/{listed[0]['id']}/revoke", headers=foreign)
    await _read(client, path)
    await client.post(f"/v1/calendar-feeds/{listed[0]['id']}/revoke", headers=own)
    closed = await client.get(path)
    guessed = await client.get("/v1/calendars/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.ics")

    assert [one.json()["errors"][0]["field"] for one in refused] == [
        "body.region",
        "body.person_id",
    ]
    assert [one.status_code for one in [*refused, not_theirs, closed, guessed]] == [404] * 5
    assert closed.json()["code"] == guessed.json()["code"] == "calendar_feed_not_found"
    assert (len(listed), theirs) == (2, [])
    # What opens a feed is not kept, and is not shown again.
    secret = path.removeprefix("/v1/calendars/").removesuffix(".ics")
    stored = [row.token_hash for row in await session.exec(select(CalendarFeed))]
    assert secret not in str(stored)
    assert secret not in str(listed)


def _feeds(owner: str, count: int, *, revoked_at: datetime | None = None) -> list[CalendarFeed]:
    return [
        CalendarFeed(
            id=new_id(),
            token_hash=str(new_id()),
            kind=FeedKind.SERIES,
            series=Series.UNIFIED,
            created_at=NOW,
            created_by=owner,
            revoked_at=revoked_at,
        )
        for _ in range(count)
    ]


async def test_a_person_has_only_so_many_open_feeds_and_a_closed_one_makes_room(
    client: httpx.AsyncClient, token: Tokens, session: AsyncSession
) -> None:
    session.add_all(_feeds("a", MAX_FEEDS - 1) + _feeds("b", MAX_FEEDS))
    await session.flush()
    actor = token("coordinator", sub="a", regions=["16"])
    body = {"kind": "series", "series": "unified"}

    last = await client.post("/v1/calendar-feeds", headers=actor, json=body)
    refused = await client.post("/v1/calendar-feeds", headers=actor, json=body)
    await client.post(f"/v1/calendar-feeds/{last.json()['id']}/revoke", headers=actor)
    again = await client.post("/v1/calendar-feeds", headers=actor, json=body)

    assert [one.status_code for one in (last, refused, again)] == [201, 409, 201]
    assert refused.json()["code"] == "too_many_calendar_feeds"


async def test_the_list_of_feeds_has_room_for_the_open_ones_however_many_were_closed(
    client: httpx.AsyncClient, token: Tokens, session: AsyncSession
) -> None:
    (open_,) = _feeds("a", 1)
    session.add_all([open_, *_feeds("a", SHOWN_FEEDS, revoked_at=NOW)])
    await session.flush()

    answer = await client.get("/v1/calendar-feeds", headers=token("coordinator", sub="a"))

    assert answer.status_code == 200
    ids = {one["id"] for one in answer.json()["items"]}
    assert (len(ids), str(open_.id) in ids) == (SHOWN_FEEDS, True)


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "region"},
        {"kind": "region", "region": "16", "series": "unified"},
        {"kind": "series", "region": "16"},
        {"kind": "person", "person_id": "16"},
        {"kind": "region", "region": "00"},
        {"kind": "all"},
    ],
    ids=str,
)
async def test_a_feed_of_nothing_or_of_two_things_is_refused(
    client: httpx.AsyncClient, secretary: Headers, body: dict[str, str]
) -> None:
    answer = await client.post("/v1/calendar-feeds", headers=secretary, json=body)

    assert answer.status_code == 422
