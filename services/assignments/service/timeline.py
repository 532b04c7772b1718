"""One readable history of an execution, put together from all that keeps a part of it.

A source gives the entries it knows; whoever keeps another part adds a function to `SOURCES`.
Each thing is said by one source only.
"""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain import timeline as domain
from services.assignments.domain.extensions import ExtensionStatus
from services.assignments.domain.notifications import STATE_NAMES
from services.assignments.domain.reminders import rung_name
from services.assignments.domain.timeline import Entry
from services.assignments.models import Execution, Notification
from services.assignments.repository import (
    assignments,
    coordination,
    executions,
    extensions,
    files,
    notifications,
    policies,
    timeline,
)
from shared.auth import Actor

Source = Callable[[AsyncSession, Execution], Awaitable[list[Entry]]]


async def _steps(session: AsyncSession, execution: Execution) -> list[Entry]:
    """The commands of the state machine, requests for a later date and decisions included."""
    assignment = await assignments.get_assignment(session, execution.assignment_id)
    return [
        Entry(
            at=step.at,
            kind=step.command.value if step.command else "issue",
            title=domain.title_of(
                step.command, step.party, step.details, due0=execution.due0, deputy=step.deputy
            ),
            party=step.party,
            subject=step.actor,
            deputy=step.deputy,
            text=step.words,
            evidence=tuple(str(item.get("title", "")) for item in step.evidence),
            notes=domain.notes_of(step.details, assignment.form),
        )
        for step in await executions.list_steps(session, execution.id)
    ]


async def _subtasks(session: AsyncSession, execution: Execution) -> list[Entry]:
    entries = []
    for row in await coordination.list_subtasks(session, execution.id):
        given = domain.subtask_given(row.text, row.due, at=row.created_at, by=row.created_by)
        entries.append(given)
        if row.completed_at is not None:
            entries.append(domain.subtask_done(row.words, at=row.completed_at, by=row.completed_by))
        if row.cancelled_at is not None:
            entries.append(domain.subtask_cancelled(row.text, at=row.cancelled_at))
    return entries


async def _co_executors(session: AsyncSession, execution: Execution) -> list[Entry]:
    added = await timeline.co_executors_added(session, execution.id)
    return [domain.co_executor_added(name, at=at) for at, name in added]


async def _lapsed_requests(session: AsyncSession, execution: Execution) -> list[Entry]:
    """A request that the end of its execution took away left no step of its own."""
    return [
        domain.extension_lapsed(row.wanted, at=row.decided_at)
        for row in await extensions.list_extensions(session, execution.id)
        if row.status is ExtensionStatus.LAPSED and row.decided_at is not None
    ]


async def _reminders(session: AsyncSession, execution: Execution) -> list[Entry]:
    """The messages that mentioned the execution."""
    policy = (await policies.all_policies(session))[
        (await assignments.get_assignment(session, execution.assignment_id)).policy_version
    ]
    names = {rung.code: rung_name(rung) for rung in policy.reminders}
    about: dict[UUID, tuple[Notification, list[str]]] = {}
    for message, rung in await notifications.about_execution(session, execution.id):
        about.setdefault(message.id, (message, []))[1].append(names.get(rung, rung))
    return [
        domain.reminded(
            message.offices,
            sorted(set(said)),
            STATE_NAMES[message.state],
            at=message.created_at,
        )
        for message, said in about.values()
    ]


async def _files(session: AsyncSession, execution: Execution) -> list[Entry]:
    """The files added; which report took one, its step says."""
    return [
        domain.file_added(row.name, row.party, at=row.uploaded_at, by=row.uploaded_by)
        for row in await files.list_files(session, execution.id)
    ]


# At one instant the first named comes first.
SOURCES: Final[tuple[Source, ...]] = (
    _steps,
    _co_executors,
    _files,
    _subtasks,
    _lapsed_requests,
    _reminders,
)


async def tell(session: AsyncSession, execution_id: UUID, actor: Actor) -> list[Entry]:
    """All that happened, oldest first. Raises `ExecutionNotFound`."""
    execution = await executions.get_execution(session, execution_id, actor)
    entries = [entry for source in SOURCES for entry in await source(session, execution)]
    return sorted(entries, key=lambda entry: entry.at)
