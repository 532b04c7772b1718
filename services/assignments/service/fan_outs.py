"""One assignment and its executions, one per addressee; co-executors, then or later."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.deadlines import CENTRE, part_of_term
from services.assignments.domain.executions import (
    WEIGHT,
    Addressee,
    Command,
    Demand,
    ExecutorRole,
    Order,
    Origin,
    Status,
)
from services.assignments.domain.instructions import Instruction
from services.assignments.domain.policies import Policy
from services.assignments.models import Assignment, Execution, ExecutionStep, Recurrence
from services.assignments.repository import policies
from services.assignments.repository.executions import add_all
from services.assignments.service.assignments import told
from services.assignments.service.changes import Changes, change, facts_of, first_step
from services.assignments.service.parties import SYSTEM, SYSTEM_ONLY
from shared import outbox
from shared.clients import directory
from shared.clients.base import CalleeRefused, ServiceClient
from shared.clock import date_in
from shared.errors import Invalid
from shared.events.assignments import AssignmentIssued, ExecutionIssued
from shared.events.base import Event
from shared.events.meetings import AddresseeKind, Addressees
from shared.ids import new_id


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


async def fan_out(
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
    """One assignment and its executions: one statement per table, whatever their number.

    Raises `NobodyAddressed`, `LeadAmbiguous`, `CalleeAway`, `CalleeRefused`.
    """
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

    Raises `UnknownAddressees`, `CalleeAway`.
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
