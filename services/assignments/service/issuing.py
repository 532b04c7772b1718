"""Instructions become assignments with one execution per addressee: from protocols and without."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.deadlines import move_to_working_day, part_of_term
from services.assignments.domain.executions import (
    WEIGHT,
    Addressee,
    Command,
    DateInvalid,
    Demand,
    ExecutorRole,
    Order,
    Origin,
    Status,
)
from services.assignments.domain.instructions import Instruction, of_protocol
from services.assignments.domain.policies import Policy
from services.assignments.models import Assignment, Execution, ExecutionStep, Recurrence
from services.assignments.repository import assignments as repository
from services.assignments.repository import policies
from services.assignments.repository.executions import add_all
from services.assignments.service.executions import (
    SYSTEM,
    SYSTEM_ONLY,
    Changes,
    change,
    facts_of,
    first_step,
)
from shared import outbox
from shared.clients import directory
from shared.clients.base import CalleeRefused, ServiceClient
from shared.clock import date_in
from shared.errors import Conflict, DomainError, Invalid
from shared.events.assignments import AssignmentEvent, AssignmentIssued, ExecutionIssued
from shared.events.base import Event
from shared.events.meetings import AddresseeKind, Addressees, ProtocolApproved
from shared.ids import new_id
from shared.recurrence import RuleInvalid, next_date

# Protocols and numbers follow the centre's calendar.
CENTRE: Final = "Europe/Moscow"
_DAY: Final = timedelta(days=1)
# How long a series in trouble is let be.
_LET_BE: Final = timedelta(minutes=10)

logger = structlog.get_logger(__name__)


class NobodyAddressed(Invalid):
    """The selector matches no cluster and no authority as of the day."""

    code = "nobody_addressed"
    title = "Поручение никому не адресовано"


class LeadAmbiguous(Invalid):
    """Co-executors need one lead, and the addressees are not one cluster."""

    code = "lead_ambiguous"
    title = "Ответственный исполнитель должен быть один"


class UnknownAddressees(Invalid):
    """The directory does not know whom the instruction names."""

    code = "unknown_addressees"
    title = "Адресаты не найдены"


class SeriesEnded(Conflict):
    """The series has been ended already."""

    code = "recurrence_ended"
    title = "Ряд поручений уже прекращён"


async def issue_protocol(
    session: AsyncSession, client: ServiceClient, event: ProtocolApproved, *, now: datetime
) -> dict[UUID, Assignment]:
    """Make each item an assignment with one execution per addressee, exactly once.

    Returns those made now, by item. Repeating the event makes nothing new. Raises what `issue`
    raises, `CalleeAway` while the directory is away, and `UnknownAddressees` where it is not and
    does not know whom an item names: the event is then put aside, and others go on.
    """
    known = await repository.issued_items(session, [item.item_id for item in event.items])
    await outbox.admit(session, now)
    made = {}
    for item in event.items:
        if item.item_id in known:
            continue
        try:
            made[item.item_id] = await issue(session, client, of_protocol(event, item), now=now)
        except CalleeRefused as refusal:
            raise UnknownAddressees(
                f"Справочник не знает адресатов пункта {item.position}: {refusal}"
            ) from refusal
    return made


async def issue(
    session: AsyncSession, client: ServiceClient, instruction: Instruction, *, now: datetime
) -> Assignment:
    """Issue the assignment, or begin the series with its first occurrence.

    Raises `CalleeAway`, `LeadAmbiguous`, `RuleInvalid`, `PolicyNotFound`, `OutOfCalendar`.
    """
    version, policy = await policies.policy_at(session, instruction.signed_on)
    if instruction.rule is None:
        due = instruction.due(policy).due
        return await _fan_out(session, client, instruction, policy, version, due=due, now=now)
    first = next_date(
        instruction.rule, starts_on=instruction.signed_on, after=instruction.signed_on
    )
    if first is None:
        raise RuleInvalid("По этому правилу нет ни одной даты.", field="body.control.rule")
    series = Recurrence(
        id=new_id(),
        origin=instruction.origin,
        instruction=instruction.model_dump(mode="json"),
        rule=instruction.rule,
        starts_on=instruction.signed_on,
        created_at=now,
    )
    session.add(series)
    await session.flush()
    return await _next_occurrence(session, client, series, nominal=first, now=now)


async def issue_own(
    session: AsyncSession, client: ServiceClient, given: Mapping[str, Any], *, now: datetime
) -> Assignment:
    """Issue an instruction without a protocol: visible, controlled, and weighing nothing.

    Raises what `issue` raises, `NobodyAddressed` and `UnknownAddressees`.
    """
    await outbox.admit(session, now)
    signed_on = date_in(CENTRE, now)
    number = await repository.next_number(session)
    instruction = Instruction(
        origin=Origin.OTHER,
        number=f"ЦУР-{number}/{signed_on.year}",
        signed_on=signed_on,
        **given,
    )
    if instruction.due_on is not None and instruction.due_on < signed_on:
        raise DateInvalid("Срок раньше сегодняшнего дня.", field="body.due_on")
    try:
        return await issue(session, client, instruction, now=now)
    except CalleeRefused as refusal:
        raise UnknownAddressees(
            "Справочник не знает этих адресатов: проверьте кластеры, регионы и отрасли.",
            field="body.addressees",
        ) from refusal


async def issue_recurring(session: AsyncSession, client: ServiceClient, *, now: datetime) -> int:
    """Issue what recurs and whose day has come; how many. Raises `CalleeAway`.

    A series that cannot go on says why, is let be for a while and holds up no other.
    """
    today = date_in(CENTRE, now)
    due = await repository.lock_due_recurrences(session, today, now)
    for series in due:
        begun = series.next_on or today
        nominal = next_date(series.rule, starts_on=series.starts_on, after=begun - _DAY)
        if nominal is None:
            series.next_on = None
            continue
        try:
            async with session.begin_nested():
                await _next_occurrence(session, client, series, nominal=nominal, now=now)
        except (CalleeRefused, DomainError) as error:
            await session.refresh(series)
            series.trouble, series.waits_until = str(error)[:1000], now + _LET_BE
            series.version += 1
            session.add(series)
            logger.exception("a series cannot go on", recurrence=str(series.id))
        else:
            series.trouble = series.waits_until = None
    return len(due)


async def _next_occurrence(
    session: AsyncSession,
    client: ServiceClient,
    series: Recurrence,
    *,
    nominal: date,
    now: datetime,
) -> Assignment:
    instruction = Instruction.model_validate(series.instruction)
    if series.issued:
        # What recurs counts its term from the day on which its period began.
        started = series.next_on or instruction.signed_on
        instruction = instruction.model_copy(update={"signed_on": started})
    version, policy = await policies.policy_at(session, instruction.signed_on)
    due, _ = move_to_working_day(nominal, policy, not_before=instruction.signed_on)
    series.issued += 1
    series.version += 1
    following = next_date(series.rule, starts_on=series.starts_on, after=nominal)
    # The next one is issued when this one's day is over: its term is counted from there.
    series.next_on = nominal + _DAY if following is not None else None
    return await _fan_out(
        session,
        client,
        instruction,
        policy,
        version,
        due=due,
        now=now,
        recurrence=series,
    )


async def _fan_out(
    session: AsyncSession,
    client: ServiceClient,
    instruction: Instruction,
    policy: Policy,
    policy_version: int,
    *,
    due: date,
    now: datetime,
    recurrence: Recurrence | None = None,
) -> Assignment:
    """One assignment and its executions: one statement per table, whatever their number."""
    control = instruction.control
    owing = await directory.resolve_addressees(
        client, instruction.addressees, at=instruction.signed_on
    )
    occurrence = recurrence.issued if recurrence else 0
    # A series once begun goes on: those it is for may come back.
    if not owing and instruction.origin is Origin.OTHER and occurrence <= 1:
        raise NobodyAddressed(
            "Под условия не подходит ни один кластер и ни один орган власти.",
            field="body.addressees",
        )
    assignment = Assignment(
        id=new_id(),
        origin=instruction.origin,
        protocol_id=instruction.protocol_id,
        protocol_item_id=instruction.protocol_item_id,
        meeting_id=instruction.meeting_id,
        recurrence_id=recurrence.id if recurrence else None,
        occurrence=occurrence,
        number=f"{instruction.number} ({occurrence})" if occurrence else instruction.number,
        text=instruction.text,
        priority=instruction.priority,
        weight=WEIGHT[instruction.priority],
        points=[{"number": number, "text": text} for number, text in enumerate(control.points, 1)],
        form=[field.model_dump() for field in control.form],
        evidence=Demand(control.evidence),
        controller=control.controller,
        controller_deputy=control.controller_deputy,
        policy_version=policy_version,
        issued_on=instruction.signed_on,
        due0=due,
        due=due,
        closes_on=instruction.closes_on,
        issued_at=now,
        executions=len(owing),
    )
    born = _Born(assignment, now)
    leads = [born.bear(addressee, Addressee(instruction.addressees.kind)) for addressee in owing]
    if control.co_executors:
        if len(leads) != 1 or leads[0].cluster_id is None:
            raise LeadAmbiguous(
                "Соисполнители возможны, когда поручение адресовано одному кластеру.",
                field="body.control.co_executors",
            )
        await born.bear_co(
            session, client, leads[0], control.co_executors, policy, since=assignment.issued_on
        )
    await born.save(session, issued=True)
    return assignment


class _Born:
    """Executions on their way into the world, with their steps and events."""

    def __init__(self, assignment: Assignment, now: datetime) -> None:
        self._assignment = assignment
        self._now = now
        self._executions: list[Execution] = []
        self._steps: list[ExecutionStep] = []
        self._events: list[Event] = []

    def bear(
        self,
        owing: directory.Addressee,
        addressee: Addressee,
        *,
        lead: Execution | None = None,
        internal_due: date | None = None,
    ) -> Execution:
        """One execution, set in motion where the region has a coordinator."""
        assignment = self._assignment
        execution = Execution(
            id=new_id(),
            role=ExecutorRole.LEAD if lead is None else ExecutorRole.CO,
            lead_id=lead.id if lead else None,
            lead_cluster_id=lead.cluster_id if lead else None,
            addressee=addressee,
            cluster_id=owing.cluster_id,
            region=owing.region,
            timezone=owing.timezone,
            cohort=owing.cohort,
            industry=owing.industry,
            internal_due=internal_due,
            status=Status.ISSUED,
            occurred_at=self._now,
            assignment_id=assignment.id,
            protocol_id=assignment.protocol_id,
            protocol_item_id=assignment.protocol_item_id,
            origin=assignment.origin,
            weight=assignment.weight,
            issued_on=assignment.issued_on,
            due0=lead.due0 if lead else assignment.due0,
            due=lead.due if lead else assignment.due,
        )
        self._executions.append(execution)
        self._steps.append(first_step(execution, now=self._now))
        self._events.append(ExecutionIssued(**facts_of(execution)))
        if owing.coordinator_id is not None:
            self._on_coordinator(execution, owing.coordinator_id)
        return execution

    def _on_coordinator(self, execution: Execution, coordinator_id: UUID) -> None:
        """What the existence of a coordinator does to an execution just issued."""
        command = None
        if execution.addressee is Addressee.CLUSTER:
            execution.coordinator_id = coordinator_id
            command = Command.ROUTE
        elif self._assignment.closes_on is not None:
            command = Command.CLOSE
        if command is not None:
            changes = Changes()
            change(execution, Order(command), SYSTEM_ONLY, changes, actor=SYSTEM, now=self._now)
            self._steps += changes.steps
            self._events += changes.events

    async def bear_co(
        self,
        session: AsyncSession,
        client: ServiceClient,
        lead: Execution,
        clusters: Sequence[UUID],
        policy: Policy,
        *,
        since: date,
    ) -> None:
        """Co-executors of the lead; their internal date is the policy's share of what is left."""
        owing = await directory.resolve_addressees(
            client,
            Addressees(kind=AddresseeKind.CLUSTER, clusters=tuple(clusters)),
            at=date_in(CENTRE, self._now),
        )
        begun = min(since, lead.due)
        internal = part_of_term(begun, lead.due, policy.co_executor_percent, policy)
        for one in owing:
            if one.cluster_id != lead.cluster_id:
                self.bear(one, Addressee.CLUSTER, lead=lead, internal_due=internal)

    async def save(self, session: AsyncSession, *, issued: bool) -> list[Execution]:
        """Write everything in one statement per table."""
        rows = [[self._assignment]] if issued else []
        await add_all(session, *rows, self._executions, self._steps)
        events = list(self._events)
        if issued:
            events.insert(0, told(AssignmentIssued, self._assignment, now=self._now))
        await outbox.add(session, events)
        return self._executions


async def add_co_executors(
    session: AsyncSession,
    client: ServiceClient,
    lead: Execution,
    assignment: Assignment,
    clusters: Sequence[UUID],
    *,
    now: datetime,
) -> list[Execution]:
    """Give the lead's execution more co-executors.

    Raises `ExecutionNotFound`, `NotTheController`, `CoExecutorTwice`, `UnknownAddressees`,
    `CalleeAway`.
    """
    policy = (await policies.all_policies(session))[assignment.policy_version]
    born = _Born(assignment, now)
    # Whoever joins later has half of what is left, not a date that has passed.
    since = max(lead.issued_on, date_in(lead.timezone, now))
    try:
        await born.bear_co(session, client, lead, clusters, policy, since=since)
    except CalleeRefused as refusal:
        raise UnknownAddressees(
            "Справочник не знает этих кластеров.", field="body.cluster_ids"
        ) from refusal
    return await born.save(session, issued=False)


async def end_series(
    session: AsyncSession, recurrence_id: UUID, reason: str, *, now: datetime
) -> Recurrence:
    """No more occurrences; those issued stay. Raises `RecurrenceNotFound`, `SeriesEnded`."""
    series = await repository.get_recurrence(session, recurrence_id, for_update=True)
    if series.ended_at is not None:
        raise SeriesEnded("Этот ряд поручений уже прекращён.")
    series.ended_at, series.ended_why, series.next_on = now, reason, None
    series.version += 1
    session.add(series)
    return series


def told(kind: type[AssignmentEvent], assignment: Assignment, *, now: datetime) -> AssignmentEvent:
    """The event of this kind with the assignment's facts."""
    known = assignment.model_dump(include=set(kind.model_fields))
    return kind(**known, assignment_id=assignment.id, occurred_at=now)
