"""Who may act on an execution, and in which capacities: parties, and deputies while they may."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import Addressee, Party
from services.assignments.models import Assignment, Execution
from services.assignments.repository import coordination
from shared.auth import Actor, Role
from shared.clock import date_in
from shared.errors import Forbidden

# What happens by itself has this subject, and is the system's alone.
SYSTEM: Final = "system"
SYSTEM_ONLY: Final = frozenset({Party.SYSTEM})
DEPUTY_ACTS: Final = "Заместитель действует, пока координатор отсутствует или не назначен."


class DeputyNotNow(Forbidden):
    """The deputy acts only while the coordinator is away or the office is vacant."""

    code = "coordinator_present"
    title = "Координатор на месте"


@dataclass(frozen=True, slots=True)
class Standing:
    """In which capacities an actor stands to an execution."""

    parties: frozenset[Party]
    as_deputy: bool = False


class Controlled(Protocol):
    """An assignment, or what a series says of its assignments: subjects of tokens."""

    @property
    def controller(self) -> str | None: ...
    @property
    def controller_deputy(self) -> str | None: ...


def controls(actor: Actor, what: Controlled) -> bool:
    """Whether the actor decides for ЦУР here: the controller named, or any where nobody is."""
    named = {what.controller, what.controller_deputy}
    return actor.is_any(Role.CUR_ADMIN) or (
        actor.is_any(Role.CUR_CONTROLLER) and (what.controller is None or actor.id in named)
    )


def standing_of(
    actor: Actor, execution: Execution, assignment: Assignment, away: Collection[str] = ()
) -> Standing:
    """In which capacities the actor may act on this very execution.

    `away` are the regions whose coordinator is absent or not appointed: there deputies act.
    """
    parties = set()
    if controls(actor, assignment):
        parties.add(Party.CONTROLLER)
    own_region = execution.region in actor.regions
    routed = execution.addressee is Addressee.CLUSTER
    coordinates = routed and own_region and actor.is_any(Role.COORDINATOR)
    as_deputy = (
        not coordinates
        and routed
        and own_region
        and actor.is_any(Role.DEPUTY)
        and execution.region in away
    )
    if coordinates or as_deputy:
        parties.add(Party.COORDINATOR)
    if routed:
        owes = actor.is_any(Role.CLUSTER) and execution.cluster_id in actor.clusters
    else:
        owes = actor.is_any(Role.AUTHORITY_HEAD) and own_region
    if owes:
        parties.add(Party.ADDRESSEE)
    if actor.is_any(Role.CLUSTER) and execution.lead_cluster_id in actor.clusters:
        parties.add(Party.LEAD)
    return Standing(frozenset(parties), as_deputy)


async def away_regions(session: AsyncSession, rows: Sequence[Execution], now: datetime) -> set[str]:
    """Regions among these rows whose coordinator is absent today or not appointed."""
    away: set[str] = set()
    for zone in {row.timezone for row in rows}:
        regions = {row.region for row in rows if row.timezone == zone}
        today = date_in(zone, now)
        away |= regions - set(await coordination.coordinators_at(session, regions, today))
        away |= await coordination.absent_at(session, regions, today)
    return away
