"""Executions lie with the coordinator of today; absences let the deputy act."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.absences import AbsenceOver, AbsenceOverlaps, check_days
from services.assignments.domain.executions import Command, Order, Status
from services.assignments.models import Absence, AutoForwarding, Execution, Extension
from services.assignments.repository import coordination as repository
from services.assignments.repository import directory, extensions
from services.assignments.service.changes import Changes, change
from services.assignments.service.parties import SYSTEM, SYSTEM_ONLY
from shared import outbox
from shared.clock import date_in
from shared.errors import Invalid
from shared.events.directory import AppointmentEvent
from shared.ids import new_id


class NotOfThisRegion(Invalid):
    """No execution has ever been addressed to this cluster in the region."""

    code = "cluster_not_of_region"
    title = "Кластер не из этого региона"


async def hear_appointment(
    session: AsyncSession, appointment: AppointmentEvent, *, now: datetime
) -> None:
    """Keep a tenure; what waited for a coordinator of today moves or closes.

    What is known of today decides, not the event: it may be of the past, of a day to come, or
    heard anew when a newer version is known.
    """
    await repository.keep_tenure(session, appointment, now=now)
    if appointment.office == "coordinator":
        await _move(session, now, appointment.region)


async def reroute(session: AsyncSession, *, now: datetime) -> int:
    """Give open work to the coordinators of today; how many executions changed hands or closed."""
    return await _move(session, now)


async def _move(session: AsyncSession, now: datetime, region: str | None = None) -> int:
    closing = await repository.closing_by_appointment(session, now, region)
    moved = await repository.misrouted(session, now, region)
    if not closing and not moved:
        return 0
    await outbox.admit(session, now)
    changes = Changes()
    asked = await extensions.open_of(session, [execution.id for execution in closing])
    for execution in closing:
        _by_itself(execution, Command.CLOSE, changes, now, asked.get(execution.id))
    for execution, coordinator_id in moved:
        execution.coordinator_id = coordinator_id
        waited = execution.status is Status.ISSUED
        _by_itself(execution, Command.ROUTE if waited else Command.REROUTE, changes, now)
    await changes.save(session)
    return len(closing) + len(moved)


def _by_itself(
    execution: Execution,
    command: Command,
    changes: Changes,
    now: datetime,
    asked: Extension | None = None,
) -> None:
    change(execution, Order(command), SYSTEM_ONLY, changes, actor=SYSTEM, now=now, extension=asked)


async def announce_absence(
    session: AsyncSession,
    *,
    region: str,
    away_from: date,
    away_to: date,
    reason: str,
    by: str,
    now: datetime,
) -> Absence:
    """The coordinator will be away on these days (inclusive), announced once for each day.

    Raises `RegionNotFound`, `AbsenceOverlaps`, and what `check_days` does.
    """
    # Of two announced at once the second sees the first.
    known = await directory.lock_region(session, region, field="body.region")
    check_days(away_from, away_to, today=date_in(known.timezone, now))
    standing = await repository.absence_within(session, region, away_from, away_to)
    if standing is not None:
        raise AbsenceOverlaps(
            "Отсутствие уже объявлено с"
            f" {standing.away_from:%d.%m.%Y} по {standing.away_to:%d.%m.%Y}."
            " Прекратите его или назовите другие дни.",
            field="body.away_from",
        )
    absence = Absence(
        id=new_id(),
        region=region,
        away_from=away_from,
        away_to=away_to,
        reason=reason,
        created_by=by,
        created_at=now,
    )
    session.add(absence)
    await session.flush()
    return absence


def end_absence(absence: Absence, *, now: datetime) -> None:
    """The coordinator is back. Raises `AbsenceOver`."""
    if absence.ended_at is not None:
        raise AbsenceOver("Это отсутствие уже прекращено.")
    absence.ended_at = now


async def let_pass(
    session: AsyncSession, region: str, clusters: Sequence[UUID], *, by: str, now: datetime
) -> Sequence[AutoForwarding]:
    """Let exactly these clusters' reports pass to ЦУР by themselves.

    Of two lists set at once the later stands whole. Raises `RegionNotFound`, `NotOfThisRegion`.
    """
    await directory.lock_region(session, region)
    unknown = set(clusters) - await repository.clusters_known(session, region)
    if unknown:
        raise NotOfThisRegion(
            "Этому кластеру в регионе ещё ничего не поручали.", field="body.cluster_ids"
        )
    await repository.drop_auto_forwarding(session, region)
    session.add_all(
        AutoForwarding(region=region, cluster_id=cluster, allowed_by=by, allowed_at=now)
        for cluster in dict.fromkeys(clusters)
    )
    await session.flush()
    return await repository.list_auto_forwarding(session, region)
