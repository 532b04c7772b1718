"""Whose rows an actor sees, decided in one place."""

from typing import Final

from services.meetings.repository.directory import Scope
from shared.auth import Actor, Role

SEE_ALL: Final = (
    Role.SECRETARY,
    Role.CUR_ADMIN,
    Role.CUR_CONTROLLER,
    Role.AUDITOR,
    Role.OPERATOR,
)
OWN_REGION: Final = (Role.COORDINATOR, Role.DEPUTY, Role.AUTHORITY_HEAD)


def scope_of(actor: Actor) -> Scope:
    """Whose clusters this actor sees, and may speak for where the role allows it at all."""
    if actor.is_any(*SEE_ALL):
        return Scope()
    if actor.is_any(*OWN_REGION):
        return Scope(regions=actor.regions)
    return Scope(clusters=actor.clusters)
