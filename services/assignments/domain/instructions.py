"""What is to be done, by whom and until when, before it has become assignments and executions."""

from datetime import date
from typing import Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.assignments.domain.deadlines import Resolved, Term, resolve
from services.assignments.domain.executions import Origin
from services.assignments.domain.policies import Policy
from shared.events.meetings import Addressees, Control, Priority, ProtocolApproved, ProtocolItem

_TERMS: Final = {"urgent": Term.URGENT, "prompt": Term.PROMPT, "monthly": Term.MONTHLY}


class Instruction(BaseModel):
    """An item of a protocol, or an instruction given without one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    origin: Origin
    number: str
    text: str
    priority: Priority
    due_on: date | None
    addressees: Addressees
    closes_on: str | None = None
    control: Control = Control()
    signed_on: date
    protocol_id: UUID | None = None
    protocol_item_id: UUID | None = None
    meeting_id: UUID | None = None

    def due(self, policy: Policy) -> Resolved:
        """The due date of an instruction that does not recur. Raises `OutOfCalendar`."""
        term = Term.DEFAULT
        if self.due_on is not None:
            term = Term.DATE
        elif self.control.term is not None:
            term = _TERMS[self.control.term]
        return resolve(
            term,
            signed_on=self.signed_on,
            policy=policy,
            on=self.due_on,
            day=self.control.monthly_day,
        )

    @property
    def rule(self) -> str | None:
        """The recurrence rule of an instruction that recurs (RFC 5545, without DTSTART)."""
        if self.control.rule is not None:
            return self.control.rule
        if self.control.term == "monthly" and self.control.monthly_day is not None:
            return monthly_rule(self.control.monthly_day)
        return None


def monthly_rule(day: int) -> str:
    """«Ежемесячно до N числа» as a rule; a shorter month's last day stands for it."""
    if day <= 28:
        return f"FREQ=MONTHLY;BYMONTHDAY={day}"
    candidates = ",".join(str(number) for number in range(28, day + 1))
    return f"FREQ=MONTHLY;BYMONTHDAY={candidates};BYSETPOS=-1"


def of_protocol(protocol: ProtocolApproved, item: ProtocolItem) -> Instruction:
    """What an approved item instructs."""
    number = f"{protocol.number}/{protocol.year}"
    if protocol.addendum:
        number += f"-Д{protocol.addendum}"
    return Instruction(
        origin=Origin.PROTOCOL,
        number=f"{number} п. {item.position}",
        text=item.text,
        priority=item.priority,
        due_on=item.due_on,
        addressees=item.addressees,
        closes_on=item.closes_on,
        control=item.control,
        signed_on=protocol.signed_on,
        protocol_id=protocol.protocol_id,
        protocol_item_id=item.item_id,
        meeting_id=protocol.meeting_id,
    )
