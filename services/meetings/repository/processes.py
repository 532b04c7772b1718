"""Statements of cross-cutting processes and of where clusters stand in them."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import text, tuple_
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.processes import ClusterNotFound, Mark, Member, ProcessNotFound, Said
from services.meetings.models import KnownCluster, Process, ProcessState
from services.meetings.repository.directory import ADDRESSABLE, Scope, within

_ONE_AFTER_ANOTHER = text("lock table processes in share row exclusive mode")


async def lock_catalogue(session: AsyncSession) -> None:
    """Whoever else changes the catalogue waits for this transaction; readers go on."""
    await (await session.connection()).execute(_ONE_AFTER_ANOTHER)


async def list_processes(session: AsyncSession) -> Sequence[Process]:
    """The catalogue in its order."""
    statement = select(Process).order_by(col(Process.position), col(Process.code))
    return (await session.exec(statement)).all()


async def get_process(session: AsyncSession, code: str, *, for_update: bool = False) -> Process:
    """Raises `ProcessNotFound`."""
    found = await find_process(session, code, for_update=for_update)
    if found is None:
        raise ProcessNotFound("В каталоге нет такого сквозного процесса.")
    return found


async def find_process(
    session: AsyncSession, code: str, *, for_update: bool = False
) -> Process | None:
    """The process, where the catalogue has it."""
    statement = select(Process).where(col(Process.code) == code)
    if for_update:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(statement)).first()


async def next_position(session: AsyncSession) -> int:
    """The place after the last."""
    return ((await session.exec(select(func.max(col(Process.position))))).one() or 0) + 1


async def list_members(
    session: AsyncSession,
    scope: Scope,
    *,
    region: str | None = None,
    cluster_id: UUID | None = None,
) -> list[Member]:
    """Clusters at work within the scope, by region and name."""
    statement = (
        select(KnownCluster.cluster_id, KnownCluster.name, KnownCluster.region, KnownCluster.cohort)
        .where(col(KnownCluster.status) == ADDRESSABLE, within(scope))
        .order_by(col(KnownCluster.region), col(KnownCluster.name), col(KnownCluster.cluster_id))
    )
    if region is not None:
        statement = statement.where(col(KnownCluster.region) == region)
    if cluster_id is not None:
        statement = statement.where(col(KnownCluster.cluster_id) == cluster_id)
    return [Member(*row) for row in await session.exec(statement)]


async def get_member(session: AsyncSession, cluster_id: UUID, scope: Scope) -> Member:
    """The cluster, within the scope. Raises `ClusterNotFound`."""
    found = await list_members(session, scope, cluster_id=cluster_id)
    if not found:
        raise ClusterNotFound("Действующего кластера с таким id нет или он вам не виден.")
    return found[0]


async def find_state(
    session: AsyncSession, process: str, cluster_id: UUID, stage: str
) -> ProcessState | None:
    """What was said of the stage, locked."""
    statement = (
        select(ProcessState)
        .where(
            col(ProcessState.process) == process,
            col(ProcessState.cluster_id) == cluster_id,
            col(ProcessState.stage) == stage,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return (await session.exec(statement)).first()


async def list_states(session: AsyncSession, process: str) -> Sequence[ProcessState]:
    """Everything said of the process."""
    statement = select(ProcessState).where(col(ProcessState.process) == process)
    return (await session.exec(statement)).all()


async def said_of_all(session: AsyncSession) -> dict[str, dict[tuple[UUID, str], Said]]:
    """Process → (cluster, stage) → what was said."""
    found: dict[str, dict[tuple[UUID, str], Said]] = {}
    for one in await session.exec(select(ProcessState)):
        found.setdefault(one.process, {})[one.cluster_id, one.stage] = Said(one.state, one.on_date)
    return found


async def count_done(
    session: AsyncSession, stages: Collection[tuple[str, str]]
) -> dict[tuple[str, str, int], int]:
    """(process, stage, cohort) → how many clusters at work have done it."""
    if not stages:
        return {}
    statement = (
        select(ProcessState.process, ProcessState.stage, KnownCluster.cohort, func.count())
        .join(KnownCluster, col(KnownCluster.cluster_id) == col(ProcessState.cluster_id))
        .where(
            tuple_(col(ProcessState.process), col(ProcessState.stage)).in_(stages),
            col(ProcessState.state) == Mark.DONE,
            col(KnownCluster.status) == ADDRESSABLE,
        )
        .group_by(col(ProcessState.process), col(ProcessState.stage), col(KnownCluster.cohort))
    )
    rows = await session.exec(statement)
    return {(process, stage, cohort): count for process, stage, cohort, count in rows}


async def count_members(session: AsyncSession) -> dict[int, int]:
    """Cohort → how many clusters are at work."""
    statement = (
        select(KnownCluster.cohort, func.count())
        .where(col(KnownCluster.status) == ADDRESSABLE)
        .group_by(col(KnownCluster.cohort))
    )
    return dict((await session.exec(statement)).all())
