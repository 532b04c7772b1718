"""Instructions are issued, from protocols and without: at once, or as a series that begins."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.deadlines import CENTRE
from services.assignments.domain.executions import DateInvalid, Origin
from services.assignments.domain.instructions import Instruction, of_protocol
from services.assignments.models import Assignment
from services.assignments.repository import assignments as repository
from services.assignments.repository import policies
from services.assignments.service.fan_outs import UnknownAddressees, fan_out
from services.assignments.service.recurrences import begin_series
from shared import outbox
from shared.clients.base import CalleeRefused, ServiceClient
from shared.clock import date_in
from shared.events.meetings import ProtocolApproved


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
    rule = instruction.rule
    if rule is not None:
        return await begin_series(session, client, instruction, rule, now=now)
    due = instruction.due(policy).due
    return await fan_out(session, client, instruction, policy, version, due=due, now=now)


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
