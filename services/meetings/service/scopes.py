"""Whose rows an actor sees, decided in one place."""

from services.meetings.repository.directory import Scope
from shared.auth import Actor, Rows


def scope_of(actor: Actor) -> Scope:
    """Whose clusters this operation reaches for the actor: of several roles, what each gives."""
    return Scope(
        is_all=actor.reaches_all,
        regions=actor.regions if Rows.REGION in actor.rows else frozenset(),
        clusters=actor.clusters if Rows.CLUSTER in actor.rows else frozenset(),
    )
