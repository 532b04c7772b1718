"""What races begin with and end in: executions committed, and histories nothing is lost from."""

from collections import Counter
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import col, select

from services.assignments.models import Execution, ExecutionStep
from shared.db import Sessions, transaction
from shared.events.assignments import ExecutionEvent
from shared.tables import OutboxRecord
from tests.factories import make_assignment, make_execution


async def store(sessions: Sessions, *rows: Any) -> None:
    """Committed in the order given."""
    async with transaction(sessions) as session:
        for row in rows:
            session.add(row)
            await session.flush()


async def stored_executions(sessions: Sessions, count: int, **facts: Any) -> list[Execution]:
    """Executions of one assignment, each a cluster's of its own, committed."""
    assignment = make_assignment(executions=count)
    rows = [make_execution(assignment, cluster_id=uuid4(), **facts) for _ in range(count)]
    await store(sessions, assignment, *rows)
    return rows


async def check_histories(sessions: Sessions, born: int = 2) -> dict[UUID, Execution]:
    """Every version after the one stored is one step and one event, and the last is the row."""
    async with sessions() as session:
        rows = {row.id: row for row in (await session.exec(select(Execution))).all()}
        steps = (
            await session.exec(select(ExecutionStep.execution_id, ExecutionStep.version))
        ).all()
        statement = (
            select(OutboxRecord.key, OutboxRecord.data)
            .where(col(OutboxRecord.topic) == ExecutionEvent.topic)
            .order_by(col(OutboxRecord.position))
        )
        events: dict[UUID, list[ExecutionEvent]] = {}
        for key, data in (await session.exec(statement)).all():
            events.setdefault(UUID(key), []).append(ExecutionEvent.model_validate_json(data))
    assert Counter(id_ for id_, _ in steps) == Counter(
        {id_: row.version - born for id_, row in rows.items() if row.version > born}
    )
    for id_, row in rows.items():
        told = events.get(id_, [])
        assert [event.version for event in told] == list(range(born + 1, row.version + 1))
        if told:
            assert told[-1].model_dump(exclude={"execution_id"}) == row.model_dump(
                include=set(ExecutionEvent.model_fields) - {"execution_id"}
            )
    return rows
