"""Compose a region's reminders of a day: one message per person, each thing said once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain import reminders as domain
from services.assignments.domain.deadlines import effective_due
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
    Tenure,
)
from services.assignments.repository import coordination, policies
from services.assignments.repository import notifications as repository
from services.assignments.repository.executions import add_all
from services.assignments.service.delivery import NO_CHANNEL, NO_CHAT, enqueue
from services.assignments.service.issuing import CENTRE
from shared.clock import date_in
from shared.ids import new_id

Row = tuple[Execution, Assignment, str | None]
_OFFICE: Final[Mapping[Recipient, str]] = {
    Recipient.COORDINATOR: "coordinator",
    Recipient.AUTHORITY_HEAD: "authority_head",
}
# Moscow: the centre's morning is its own.
_CENTRE_REGION: Final = "77"
_DAY: Final = timedelta(days=1)
_WEEK: Final = timedelta(days=7)
# A worker that was away longer than this says nothing about the days before.
_LONGEST_ABSENCE: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Due:
    """A region whose reminders of `day` are to be composed; `seen` is the last day that was."""

    region: KnownRegion
    seen: date
    day: date


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


async def compose(
    session: AsyncSession,
    due: Sequence[Due],
    *,
    now: datetime,
    sending: bool,
    chatting: bool = False,
) -> int:
    """Compose the regions' messages; how many there are.

    Days missed since `seen` are caught up in the message of `day`. Composing a day again
    composes nothing. Without `sending` (no mail is configured) messages only wait, and so does
    the common chat's digest without `chatting`.
    """
    due = [one for one in due if await repository.claim_day(session, one.region.code, one.day)]
    codes = [one.region.code for one in due]
    known = await policies.all_policies(session)
    rows_of: dict[str, list[Row]] = {code: [] for code in codes}
    for row in await repository.open_of_regions(session, codes):
        rows_of[row[0].region].append(row)
    said = await repository.said_already(session, codes)
    tenures = await repository.tenures_of(session, codes)
    messages: list[Notification] = []
    lines: list[NotificationLine] = []
    for one in due:
        _, current = await policies.policy_at(session, one.day)
        away = await coordination.absent_at(session, [one.region.code], one.day)
        for office, found in _of_region(one, rows_of[one.region.code], said, known, current):
            person = _holder(tenures, one, office, away=one.region.code in away)
            message = _message(one, office, person, list(found.items.values()), now, sending)
            messages.append(message)
            lines += [
                NotificationLine(
                    execution_id=execution_id,
                    rung=rung,
                    anchor=anchor,
                    office=office,
                    notification_id=message.id,
                )
                for execution_id, rung, anchor in found.lines
            ]
    for one in due:
        if one.region.code == _CENTRE_REGION:
            messages += await _for_the_chat(session, one, now, chatting)
    await add_all(session, messages, lines)
    able = {Channel.EMAIL: sending, Channel.CHAT: chatting}
    waiting = [
        one.id for one in messages if one.state is NotificationState.PREPARED and able[one.channel]
    ]
    if waiting:
        await enqueue(session, waiting)
    return len(messages)


async def _for_the_chat(
    session: AsyncSession, due: Due, now: datetime, chatting: bool
) -> list[Notification]:
    """The digest for the coordinators' common chat, on the morning of the policy's day."""
    _, policy = await policies.policy_at(session, due.day)
    if due.day.isoweekday() != policy.digest_weekday:
        return []
    totals = await repository.totals(session, due.day, until=due.day + _WEEK)
    said = domain.chat_digest(due.day, [domain.Totals(*row) for row in totals])
    if said is None:
        return []
    return [
        Notification(
            id=new_id(),
            recipient="centre",
            office="centre",
            channel=Channel.CHAT,
            day=due.day,
            subject=said[0],
            body=said[1],
            state=NotificationState.PREPARED,
            last_error=None if chatting else NO_CHAT,
            created_at=now,
        )
    ]


@dataclass(slots=True)
class _Found:
    """What one office is to be told."""

    items: dict[UUID, Item] = field(default_factory=dict)
    lines: list[tuple[UUID, str, date]] = field(default_factory=list)


def _of_region(
    due: Due,
    rows: Sequence[Row],
    said: set[tuple[UUID, str, date, str]],
    known: Mapping[int, Policy],
    current: Policy,
) -> list[tuple[str, _Found]]:
    first = max(due.seen, due.day - _LONGEST_ABSENCE) + _DAY
    days = [first + timedelta(days=n) for n in range((due.day - first).days + 1)]
    offices = {office: _Found() for office in _OFFICE.values()}
    for row in rows:
        policy = known[row[1].policy_version]
        for office, execution_id, rung, anchor, item in _calls(row, days, policy):
            key = (execution_id, rung, anchor, office)
            if key in said:
                continue
            said.add(key)
            found = offices[office]
            found.lines.append((execution_id, rung, anchor))
            # Of several rungs the most urgent one places the execution.
            held = found.items.get(execution_id)
            if held is None or _rank(item) < _rank(held):
                found.items[execution_id] = item
    if any(day.isoweekday() == current.digest_weekday for day in days):
        for execution_id, item in _digest(rows, due.day, known):
            offices["coordinator"].items.setdefault(execution_id, item)
    return [(office, found) for office, found in offices.items() if found.items]


def _rank(item: Item) -> int:
    return list(domain.SECTIONS).index(item.section)


def _calls(
    row: Row, days: Sequence[date], policy: Policy
) -> list[tuple[str, UUID, str, date, Item]]:
    execution, assignment, _ = row
    facts = Facts(
        status=execution.status,
        addressee=execution.addressee,
        issued_on=execution.issued_on,
        told_on=domain.first_day(assignment.issued_at, execution.timezone, policy),
        due=execution.due,
        returned_on=execution.returned_on,
        done=execution.done,
    )
    return [
        (_OFFICE[to], execution.id, call.rung.code, call.anchor, _item(row, call))
        for day in days
        for call in domain.calls_on(day, facts, policy)
        for to in sorted(domain.recipients_of(call.rung, execution.addressee))
    ]


def _item(row: Row, call: domain.Call | str) -> Item:
    execution, assignment, cluster = row
    section = call if isinstance(call, str) else domain.section_of(call)
    return Item(
        section, assignment.number, assignment.text, cluster, execution.due, execution.status
    )


def _digest(
    rows: Sequence[Row], today: date, known: Mapping[int, Policy]
) -> list[tuple[UUID, Item]]:
    """What the coordinator ought to know before the weekly meeting."""
    found = []
    for row in rows:
        execution, assignment, _ = row
        if execution.addressee is not Addressee.CLUSTER or execution.status in FINAL:
            continue
        due = effective_due(execution.due, execution.returned_on, known[assignment.policy_version])
        if execution.status is Status.FORWARDED:
            found.append((execution.id, _item(row, "digest_review")))
        elif execution.done is None and due < today:
            found.append((execution.id, _item(row, "digest_overdue")))
        elif execution.status is Status.RETURNED:
            found.append((execution.id, _item(row, "digest_returned")))
        elif due <= today + _WEEK:
            found.append((execution.id, _item(row, "digest_due")))
    return found


def _holder(tenures: Sequence[Tenure], due: Due, office: str, *, away: bool) -> UUID | None:
    """Who holds the office on the day; the deputy while the coordinator is away or missing."""

    def at(wanted: str) -> UUID | None:
        for tenure in tenures:
            if (tenure.region, tenure.office) == (due.region.code, wanted) and (
                tenure.valid_from <= due.day <= (tenure.valid_to or date.max)
            ):
                return tenure.person_id
        return None

    person = at(office)
    if office == "coordinator" and (person is None or away):
        return at("deputy") or person
    return person


def _message(
    due: Due,
    office: str,
    person: UUID | None,
    items: Sequence[Item],
    now: datetime,
    sending: bool,
) -> Notification:
    trouble = None if sending else NO_CHANNEL
    name = due.region.short_name
    return Notification(
        id=new_id(),
        recipient=f"{office}:{due.region.code}:{person or '-'}",
        office=office,
        region=due.region.code,
        person_id=person,
        channel=Channel.EMAIL,
        day=due.day,
        subject=domain.subject(due.day, name, items),
        body=domain.body(due.day, name, items),
        state=NotificationState.PREPARED if person else NotificationState.UNDELIVERABLE,
        last_error=trouble if person else "Должность вакантна.",
        created_at=now,
    )
