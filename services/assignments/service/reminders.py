"""Compose reminders: one message per person and day, each thing said to each once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain import reminders as domain
from services.assignments.domain.deadlines import CENTRE, effective_due
from services.assignments.domain.executions import FINAL, Addressee, Status
from services.assignments.domain.notifications import Channel, NotificationState
from services.assignments.domain.policies import Policy, Recipient
from services.assignments.domain.reminders import Facts, Item
from services.assignments.models import (
    Assignment,
    Execution,
    KnownRegion,
    Notification,
    NotificationLine,
)
from services.assignments.repository import notifications as repository
from services.assignments.repository import policies
from services.assignments.repository.executions import add_all
from services.assignments.repository.register import flags_at
from services.assignments.service.delivery import NO_CHANNEL, NO_CHAT, VACANT, enqueue
from services.assignments.service.offices import OFFICES, Holder, Offices, offices_on
from shared.clock import date_in
from shared.ids import new_id

Row = tuple[Execution, Assignment, str | None, datetime | None]
_OFFICE: Final[Mapping[Recipient, str]] = {
    Recipient.COORDINATOR: "coordinator",
    Recipient.AUTHORITY_HEAD: "authority_head",
}
# Moscow: the centre's morning is its own.
_CENTRE_REGION: Final = "77"
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Due:
    """A region whose reminders of `day` are to be composed; `seen` is the last day that was."""

    region: KnownRegion
    seen: date
    day: date

    @property
    def since(self) -> date:
        """From which day on rungs are looked for: all missed ones, and a week in any case.

        A date moved at noon may put a rung on a morning that is over, and who has come into an
        office was not told what fell on the days before: what was said is not said again.
        """
        return min(self.seen + _DAY, self.day - _WEEK)


async def due_regions(session: AsyncSession, now: datetime) -> list[Due]:
    """Regions in which a sending hour has come since the last day composed."""
    _, policy = await policies.policy_at(session, date_in(CENTRE, now))
    found = []
    for region, seen in await repository.regions_seen(session):
        local = now.astimezone(ZoneInfo(region.timezone))
        day = local.date() if local.time() >= policy.send_at else local.date() - _DAY
        if seen is None or seen < day:
            found.append(Due(region, seen or day - _DAY, day))
    return found


@dataclass(slots=True)
class _Letter:
    """What one person is to be told on the day. Without a person the office is vacant."""

    recipient: str
    person_id: UUID | None
    day: date
    id: UUID = field(default_factory=new_id)
    items: dict[str, dict[UUID, Item]] = field(default_factory=lambda: defaultdict(dict))
    offices: set[str] = field(default_factory=set)
    lines: list[NotificationLine] = field(default_factory=list)


async def compose(
    session: AsyncSession, due: Sequence[Due], *, now: datetime, sending: bool, chats: int = 0
) -> int:
    """Compose the messages of these regions' people; how many there are.

    Whoever holds offices in several regions gets one message, on the first of their sending
    hours. Composing a day again composes nothing. Without `sending` (no mail is configured)
    messages only wait; `chats` is how many common chats are configured.
    """
    claimed = await repository.claim_days(session, {one.region.code: one.day for one in due})
    due = [one for one in due if one.region.code in claimed]
    if not due:
        return 0
    offices = await offices_on(session, [one.day for one in due])
    names = {region.code: region.short_name for region, _ in await repository.regions_seen(session)}
    letters = await _letters(session, due, offices, sorted(names))
    messages = [_message(letter, names, now, sending=sending) for letter in letters]
    lines = [line for letter in letters for line in letter.lines]
    for one in due:
        if one.region.code == _CENTRE_REGION:
            messages += await _for_the_chats(session, one, now, chats)
    await add_all(session, messages, lines)
    able = {Channel.EMAIL: sending, Channel.CHAT: chats > 0}
    waiting = [
        (one.id, one.turn)
        for one in messages
        if one.state is NotificationState.PREPARED and able[one.channel]
    ]
    await enqueue(session, waiting)
    return len(messages)


@dataclass(frozen=True, slots=True)
class _Post:
    """An office of a region, who holds it, and from which days its rungs are looked for."""

    region: str
    office: str
    holder: Holder | None
    since: date
    missed: date


async def _letters(
    session: AsyncSession, due: Sequence[Due], offices: Offices, regions: Sequence[str]
) -> list[_Letter]:
    """What is to be said to whom."""
    posts = _posts(due, offices, regions)
    written = await repository.written_to(session, since=min(one.day for one in due))
    codes = sorted({post.region for found in posts.values() for post in found})
    rows_of: dict[str, list[Row]] = {code: [] for code in codes}
    rows = await repository.open_of_regions(session, codes)
    for row in rows:
        rows_of[row[0].region].append(row)
    known = await policies.all_policies(session)
    said = await repository.said_already(session, [row[0].id for row in rows])
    current = {day: (await policies.policy_at(session, day))[1] for day in {d.day for d in due}}
    found = []
    for (recipient, person_id, day), held in posts.items():
        if (recipient, day) in written:
            # Their other region's morning came first: what is new since waits for tomorrow.
            continue
        letter = _Letter(recipient, person_id, day)
        for post in held:
            _tell(letter, post, rows_of[post.region], said, known)
            if post.office == "coordinator" and _is_digest_day(current[day], post.missed, day):
                _digest(letter, post.region, rows_of[post.region], known)
        if any(letter.items.values()):
            found.append(letter)
    return found


def _posts(
    due: Sequence[Due], offices: Offices, regions: Sequence[str]
) -> dict[tuple[str, UUID | None, date], list[_Post]]:
    """Recipient, person and day → the offices they hold, those of regions not yet due too.

    Whose regions are due on two days is told on the later one.
    """
    by_region = {one.region.code: one for one in due}
    posts: dict[tuple[str, UUID | None, date], list[_Post]] = {}
    seen: set[UUID] = set()
    for day in sorted({one.day for one in due}, reverse=True):
        held = _held_on(day, by_region, offices, regions)
        for one in due:
            for office in OFFICES if one.day == day else ():
                holder = offices.holder(one.region.code, office, day)
                if holder is None:
                    vacant = _Post(one.region.code, office, None, one.since, one.seen + _DAY)
                    posts[f"{office}:{one.region.code}", None, day] = [vacant]
                elif holder.person_id not in seen:
                    posts[str(holder.person_id), holder.person_id, day] = held[holder.person_id]
        seen |= held.keys() & {person for _, person, _ in posts if person}
    return posts


def _held_on(
    day: date, by_region: Mapping[str, Due], offices: Offices, regions: Sequence[str]
) -> dict[UUID, list[_Post]]:
    """Person → the offices held on the day."""
    found: dict[UUID, list[_Post]] = defaultdict(list)
    for region in regions:
        one = by_region.get(region)
        is_due = one is not None and one.day == day
        since = one.since if one and is_due else day - _WEEK
        missed = one.seen + _DAY if one and is_due else day
        for office in OFFICES:
            holder = offices.holder(region, office, day)
            if holder is not None:
                found[holder.person_id].append(_Post(region, office, holder, since, missed))
    return found


def _tell(
    letter: _Letter,
    post: _Post,
    rows: Sequence[Row],
    said: set[tuple[UUID, str, date, str]],
    known: Mapping[int, Policy],
) -> None:
    for row in rows:
        execution, assignment, *_ = row
        policy = known[assignment.policy_version]
        facts = _facts(row, policy, post.holder)
        due = domain.minded_due(facts, policy)
        found = domain.calls(facts, policy, since=post.since, until=letter.day, missed=post.missed)
        for call in found:
            to = domain.recipients_of(call.rung, execution.addressee)
            key = (execution.id, call.rung.code, call.anchor, letter.recipient)
            if post.office not in {_OFFICE[one] for one in to} or key in said:
                continue
            said.add(key)
            letter.lines.append(
                NotificationLine(
                    execution_id=execution.id,
                    rung=call.rung.code,
                    anchor=call.anchor,
                    recipient=letter.recipient,
                    notification_id=letter.id,
                )
            )
            item = _item(row, domain.section_of(call, due, letter.day), due)
            # Of several rungs the most urgent one places the execution.
            held = letter.items[post.region].get(execution.id)
            if held is None or _rank(item) < _rank(held):
                letter.items[post.region][execution.id] = item
                letter.offices.add(post.office)


def _facts(row: Row, policy: Policy, holder: Holder | None) -> Facts:
    execution, assignment, _, engaged_at = row
    zone = execution.timezone
    told = domain.first_day(engaged_at or assignment.issued_at, zone, policy)
    # Whoever came into the office later learns of its open work on coming, or once it is known.
    if holder is not None and holder.since is not None:
        told = max(told, holder.since)
    if holder is not None and holder.heard_at is not None:
        told = max(told, domain.first_day(holder.heard_at, zone, policy))
    return Facts(
        status=execution.status,
        addressee=execution.addressee,
        role=execution.role,
        issued_on=execution.issued_on,
        told_on=told,
        due=execution.due,
        internal_due=execution.internal_due,
        control_due=execution.control_due,
        returned_on=execution.returned_on,
        done=execution.done,
    )


def _rank(item: Item) -> int:
    return list(domain.SECTIONS).index(item.section)


def _item(row: Row, section: str, due: date) -> Item:
    execution, assignment, cluster, _ = row
    return Item(section, assignment.number, assignment.text, cluster, due, execution.status)


def _is_digest_day(policy: Policy, first: date, day: date) -> bool:
    """Whether the digest is for today, or was for yesterday and has been missed.

    Later the meeting it prepares is over.
    """
    days = {day} | ({day - _DAY} if first < day else set())
    return any(one.isoweekday() == policy.digest_weekday for one in days)


def _digest(letter: _Letter, region: str, rows: Sequence[Row], known: Mapping[int, Policy]) -> None:
    """Add what the coordinator ought to know before the weekly meeting."""
    for row in rows:
        execution, assignment, *_ = row
        if execution.addressee is not Addressee.CLUSTER or execution.status in FINAL:
            continue
        due = effective_due(execution.due, execution.returned_on, known[assignment.policy_version])
        if execution.status is Status.FORWARDED:
            section = "digest_review"
        elif execution.done is None and due < letter.day:
            section = "digest_overdue"
        elif execution.status is Status.RETURNED:
            section = "digest_returned"
        elif execution.done is None and due <= letter.day + _WEEK:
            section = "digest_due"
        else:
            continue
        letter.items[region].setdefault(execution.id, _item(row, section, due))
        letter.offices.add("coordinator")


def _message(
    letter: _Letter, names: Mapping[str, str], now: datetime, *, sending: bool
) -> Notification:
    told = {region: found for region, found in letter.items.items() if found}
    by_region = {names[region]: list(found.values()) for region, found in told.items()}
    trouble = None if sending else NO_CHANNEL
    vacant = letter.person_id is None
    return Notification(
        id=letter.id,
        recipient=letter.recipient,
        offices=sorted(letter.offices),
        regions=sorted(told),
        person_id=letter.person_id,
        channel=Channel.EMAIL,
        day=letter.day,
        subject=domain.subject(letter.day, by_region),
        body=domain.body(letter.day, by_region),
        state=NotificationState.UNDELIVERABLE if vacant else NotificationState.PREPARED,
        last_error=VACANT if vacant else trouble,
        created_at=now,
    )


async def _for_the_chats(
    session: AsyncSession, due: Due, now: datetime, chats: int
) -> list[Notification]:
    """The digest for the coordinators' common chats, on the morning of the policy's day."""
    _, policy = await policies.policy_at(session, due.day)
    if not _is_digest_day(policy, due.seen + _DAY, due.day):
        return []
    overdue = flags_at(now, await policies.all_policies(session)).overdue
    totals = await repository.totals(session, overdue, until=due.day + _WEEK)
    said = domain.chat_digest(due.day, [domain.Totals(*row) for row in totals])
    if said is None:
        return []
    # A message each, so that one chat's trouble repeats nothing in another.
    return [
        Notification(
            id=new_id(),
            recipient=f"chat:{number}",
            offices=["centre"],
            regions=[],
            channel=Channel.CHAT,
            day=due.day,
            subject=said[0],
            body=said[1],
            state=NotificationState.PREPARED,
            last_error=None if chats else NO_CHAT,
            created_at=now,
        )
        for number in range(1, max(1, chats) + 1)
    ]
