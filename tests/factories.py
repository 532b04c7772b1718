"""Valid things to start a test from; a test names only what it is about."""

from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from services.assignments.domain.executions import Addressee as Kind
from services.assignments.domain.executions import ExecutorRole, Origin, Status
from services.assignments.models import Assignment, Execution
from shared.clients.directory import Addressee
from shared.events.meetings import (
    AddresseeKind,
    Addressees,
    Priority,
    ProtocolApproved,
    ProtocolItem,
)

SIGNED_AT: Final = datetime(2023, 10, 4, 10, tzinfo=UTC)
SIGNED_ON: Final = date(2023, 10, 4)
DUE: Final = date(2023, 10, 20)
CLUSTER: Final = UUID("0190c5a0-0000-7000-8000-0000000000aa")


def make_assignment(**overrides: Any) -> Assignment:
    defaults: dict[str, Any] = {
        "id": uuid4(),
        "origin": Origin.PROTOCOL,
        "protocol_id": uuid4(),
        "protocol_item_id": uuid4(),
        "number": "1/2023 п. 1",
        "text": "Представить план загрузки мастерских",
        "priority": Priority.IMPORTANT,
        "weight": 2,
        "issued_on": SIGNED_ON,
        "due0": DUE,
        "due": DUE,
        "issued_at": SIGNED_AT,
        "executions": 1,
    }
    return Assignment(**(defaults | overrides))


def make_execution(assignment: Assignment, **overrides: Any) -> Execution:
    defaults: dict[str, Any] = {
        "id": uuid4(),
        "assignment_id": assignment.id,
        "protocol_id": assignment.protocol_id,
        "protocol_item_id": assignment.protocol_item_id,
        "origin": assignment.origin,
        "role": ExecutorRole.LEAD,
        "addressee": Kind.CLUSTER,
        "cluster_id": CLUSTER,
        "region": "16",
        "timezone": "Europe/Moscow",
        "cohort": 2022,
        "industry": "mechanical-engineering",
        "weight": assignment.weight,
        "issued_on": assignment.issued_on,
        "due0": assignment.due0,
        "due": assignment.due,
        "status": Status.ROUTED,
        "version": 2,
        "occurred_at": datetime(2023, 9, 20, 10, tzinfo=UTC),
    }
    return Execution(**(defaults | overrides))


def make_protocol(*items: ProtocolItem, **overrides: Any) -> ProtocolApproved:
    defaults: dict[str, Any] = {
        "version": 3,
        "occurred_at": SIGNED_AT,
        "protocol_id": uuid4(),
        "meeting_id": uuid4(),
        "number": 7,
        "year": 2023,
        "signed_on": SIGNED_ON,
        "approved_at": SIGNED_AT,
        "content_hash": "0" * 64,
        "items": items or (make_item(),),
    }
    return ProtocolApproved(**(defaults | overrides))


def make_item(**overrides: Any) -> ProtocolItem:
    defaults: dict[str, Any] = {
        "item_id": uuid4(),
        "position": 1,
        "text": "Представить план загрузки мастерских",
        "priority": Priority.IMPORTANT,
        "due_on": DUE,
        "addressees": Addressees(kind=AddresseeKind.CLUSTER),
    }
    return ProtocolItem(**(defaults | overrides))


def make_addressee(**overrides: Any) -> Addressee:
    """A cluster of Tatarstan whose region has a coordinator."""
    defaults: dict[str, Any] = {
        "cluster_id": uuid4(),
        "cluster_code": "16-2022-01",
        "cluster_name": "Кластер «Машиностроение» № 1",
        "region": "16",
        "region_name": "Республика Татарстан (Татарстан)",
        "timezone": "Europe/Moscow",
        "cohort": 2022,
        "industry": "mechanical-engineering",
        "coordinator_id": uuid4(),
        "authority_head_id": None,
    }
    return Addressee(**(defaults | overrides))
