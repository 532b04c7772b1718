"""Keep the catalogue of cross-cutting processes, and see where clusters stand in them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.processes import (
    Catalogued,
    DoneInFuture,
    Mark,
    Member,
    Said,
    Stage,
    StageNotFound,
    State,
    Tally,
    due_of,
    heat,
    state_of,
)
from services.meetings.models import Process, ProcessState
from services.meetings.repository import cyclograms, directory, rows
from services.meetings.repository import processes as repository
from services.meetings.repository.directory import Scope
from services.meetings.service.scopes import scope_of
from shared.auth import Actor
from shared.clock import MOSCOW, date_in
from shared.errors import expect_version

_stages: TypeAdapter[tuple[Stage, ...]] = TypeAdapter(tuple[Stage, ...])


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one cluster stands in one stage on a day."""

    member: Member
    stage: Stage
    due: date | None
    state: State
    said: ProcessState | None


@dataclass(frozen=True, slots=True)
class StageDue:
    """A stage whose day comes for a cohort, and how many of its clusters have done it."""

    process: str
    process_name: str
    owner: str
    stage: Stage
    cohort: int
    on: date
    clusters: int
    done: int


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Region × process on a day: (region, process's code) → how its clusters stand."""

    at: date
    regions: Sequence[tuple[str, str]]
    processes: Sequence[Process]
    cells: Mapping[tuple[str, str], Tally]


def stages_of(process: Process) -> tuple[Stage, ...]:
    return _stages.validate_python(process.stages)


async def put_process(
    session: AsyncSession,
    code: str,
    wanted: Catalogued,
    *,
    by: str,
    now: datetime,
    expected_version: int | None = None,
) -> Process:
    """Enter the process, or let it be what is said; the same again changes nothing.

    Raises `VersionMismatch`.
    """
    await repository.lock_catalogue(session)
    found = await repository.find_process(session, code, for_update=True)
    expect_version(found.version if found else 0, expected_version)
    said: dict[str, Any] = wanted.model_dump(mode="json")
    if found is None:
        position = await repository.next_position(session)
        found = Process(code=code, position=position, changed_by=by, changed_at=now, **said)
    elif any(getattr(found, name) != value for name, value in said.items()):
        for name, value in said.items():
            setattr(found, name, value)
        found.changed_by, found.changed_at = by, now
        found.version += 1
    await rows.add(session, found)
    return found


async def set_state(
    session: AsyncSession,
    code: str,
    cluster_id: UUID,
    stage: str,
    *,
    mark: Mark,
    on: date | None,
    evidence: str | None,
    actor: Actor,
    now: datetime,
    expected_version: int | None = None,
) -> Standing:
    """Say where the cluster stands in the stage.

    Raises `ProcessNotFound`, `ClusterNotFound`, `StageNotFound`, `DoneInFuture`,
    `VersionMismatch`.
    """
    # Whoever speaks first of a stage makes others wait until it is written.
    process = await repository.get_process(session, code, for_update=True)
    member = await repository.get_member(session, cluster_id, scope_of(actor))
    wanted = next((one for one in stages_of(process) if one.code == stage), None)
    if wanted is None or member.cohort not in process.cohorts:
        raise StageNotFound("Такого этапа нет или процесс не касается года отбора кластера.")
    # Eastern regions have their day before Moscow has it.
    zones = await directory.region_zones(session)
    today = date_in(zones.get(member.region, MOSCOW.key), now)
    if on is not None and on > today:
        raise DoneInFuture("Дата не может быть позже сегодняшней.", field="body.on")
    said = await repository.find_state(session, code, cluster_id, stage)
    expect_version(said.version if said else 0, expected_version)
    values: dict[str, Any] = {
        "state": mark,
        "on_date": on,
        "evidence": evidence,
        "set_by": actor.id,
        "set_at": now,
    }
    if said is None:
        said = ProcessState(process=code, cluster_id=cluster_id, stage=stage, **values)
    else:
        for name, value in values.items():
            setattr(said, name, value)
        said.version += 1
    await rows.add(session, said)
    starts = await cyclograms.list_starts(session)
    return _standing(member, wanted, starts, said, today)


async def standings(
    session: AsyncSession, code: str, scope: Scope, *, region: str | None, at: date
) -> tuple[Process, list[Standing]]:
    """Where every cluster in the scope stands in every stage. Raises `ProcessNotFound`."""
    process = await repository.get_process(session, code)
    members = await repository.list_members(session, scope, region=region)
    starts = await cyclograms.list_starts(session)
    said = {(one.cluster_id, one.stage): one for one in await repository.list_states(session, code)}
    return process, [
        _standing(member, stage, starts, said.get((member.id, stage.code)), at)
        for member in members
        if member.cohort in process.cohorts
        for stage in stages_of(process)
    ]


def _standing(
    member: Member, stage: Stage, starts: Mapping[int, date], said: ProcessState | None, at: date
) -> Standing:
    due = due_of(stage, starts.get(member.cohort))
    known = Said(said.state, said.on_date) if said is not None else None
    return Standing(member, stage, due, state_of(known, due, at), said)


async def heat_map(session: AsyncSession, scope: Scope, *, at: date) -> HeatMap:
    """How the clusters of each region in the scope stand in each process on the day."""
    processes = await repository.list_processes(session)
    members = await repository.list_members(session, scope)
    starts = await cyclograms.list_starts(session)
    said = await repository.said_of_all(session)
    names = await directory.region_names(session)
    cells = {
        (region, process.code): tally
        for process in processes
        for region, tally in heat(
            stages_of(process),
            process.cohorts,
            members,
            starts,
            said.get(process.code, {}),
            at,
        ).items()
    }
    # Whole regions have a row also where no cluster is at work; single clusters bring theirs.
    seen = {code for code in names if scope.has_region(code)} | {one.region for one in members}
    regions = [(code, names.get(code) or f"Регион {code}") for code in sorted(seen)]
    return HeatMap(at, regions, processes, cells)


async def stages_due(session: AsyncSession, at: date, days: int) -> list[StageDue]:
    """Stages whose day, for some cohort, is `at` or one of the `days` after it, by date.

    What the agenda's cross-cutting section writes itself from.
    """
    starts = await cyclograms.list_starts(session)
    until = at + timedelta(days=days)
    coming = [
        (process, stage, cohort, on)
        for process in await repository.list_processes(session)
        for stage in stages_of(process)
        for cohort in process.cohorts
        if (on := due_of(stage, starts.get(cohort))) is not None and at <= on <= until
    ]
    done = await repository.count_done(
        session, {(process.code, stage.code) for process, stage, *_ in coming}
    )
    members = await repository.count_members(session)
    found = [
        StageDue(
            process=process.code,
            process_name=process.name,
            owner=process.owner,
            stage=stage,
            cohort=cohort,
            on=on,
            clusters=members.get(cohort, 0),
            done=done.get((process.code, stage.code, cohort), 0),
        )
        for process, stage, cohort, on in coming
    ]
    return sorted(found, key=lambda one: (one.on, one.process, one.cohort))
