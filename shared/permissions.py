"""Who may call what, and whose rows it reaches: one table per service, and deny is the default.

A service's table (`services/*/permissions.py`) names every operation it offers. The dependency
`granted` reads it and nothing else: the actor it gives knows which `rows` are open to it in this
operation, and repositories ask that, never roles. `docs/permissions.md` is the table, printed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final

import structlog
from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from shared.auth import (
    EVERYONE,
    MACHINES,
    Actor,
    PermissionDenied,
    Role,
    Rows,
    Scope,
    ScopeMissing,
    actor_behind,
    probe,
    public,
    scheme,
)
from shared.trail import ACTOR

Reach = Mapping[Role, Rows]


@dataclass(frozen=True, slots=True)
class Permission:
    """The roles an operation is open to, each with the rows it reaches.

    A service account needs the scope besides, where one is named. `is_public`: open to whoever
    asks, without a token.
    """

    reach: Reach = field(default_factory=dict)
    scope: Scope | None = None
    is_public: bool = False

    def rows_for(self, actor: Actor) -> frozenset[Rows]:
        """Whose rows the actor reaches by any of its roles.

        Raises `PermissionDenied` where none of them is named, `ScopeMissing` where only a service
        account's is and it lacks the scope.
        """
        named = actor.roles & self.reach.keys()
        if not named:
            names = ", ".join(sorted(self.reach))
            raise PermissionDenied(f"Действие доступно ролям: {names}.")
        if self.scope is not None and self.scope not in actor.scopes:
            named -= MACHINES
            if not named:
                raise ScopeMissing(f"Учётной записи не дана область {self.scope}.")
        return frozenset(self.reach[role] for role in named)


Table = Mapping[str, Permission]
PUBLIC: Final = Permission(is_public=True)


def of(rows: Rows, *roles: Role) -> dict[Role, Rows]:
    """These rows for each of these roles."""
    return dict.fromkeys(roles, rows)


def allow(*reaches: Reach, scope: Scope | None = None) -> Permission:
    """Open to the roles of all of these; of two entries for one role the later one holds."""
    merged: dict[Role, Rows] = {}
    for reach in reaches:
        merged |= reach
    return Permission(merged, scope)


ANYONE: Final = of(Rows.ALL, *EVERYONE)

# What every service offers beside its own.
PLATFORM: Final[Table] = {
    "alive": PUBLIC,
    "ready": PUBLIC,
    "metrics": PUBLIC,
    "event_contract": PUBLIC,
    "read_feed": allow(of(Rows.ALL, Role.SERVICE, Role.AUDITOR), scope=Scope.FEED),
    "read_clock": allow(ANYONE),
    "set_clock": allow(of(Rows.ALL, Role.CUR_ADMIN)),
    "list_audit": allow(of(Rows.ALL, Role.AUDITOR, Role.CUR_ADMIN)),
    "list_dead_letters": allow(of(Rows.ALL, Role.CUR_ADMIN, Role.AUDITOR)),
    "read_dead_letter": allow(of(Rows.ALL, Role.CUR_ADMIN, Role.AUDITOR)),
    "replay_dead_letter": allow(of(Rows.ALL, Role.CUR_ADMIN)),
    "read_dossier": allow(of(Rows.ALL, Role.CUR_ADMIN, Role.AUDITOR)),
}


async def granted(request: Request, authorization: Annotated[str | None, Depends(scheme)]) -> Actor:
    """The actor, with the rows this operation reaches for it.

    Raises `Unauthenticated` (401), `PermissionDenied` and `ScopeMissing` (403).
    """
    found = await actor_behind(request, authorization)
    # A service account is not limited: feeds are read as fast as they come.
    if found.roles.isdisjoint(MACHINES):
        request.state.limiter.take(found.id)
    permission: Permission = request.app.state.permissions[request.scope["route"].name]
    actor = replace(found, rows=permission.rows_for(found))
    structlog.contextvars.bind_contextvars(actor=actor.id)
    request.scope[ACTOR] = actor
    return actor


Acting = Annotated[Actor, Depends(granted)]


def complete(table: Table, operations: Sequence[APIRoute]) -> Table:
    """The service's table with what every service offers beside its own.

    Raises `RuntimeError` where it and the operations offered are not one: an operation without an
    entry, an entry without an operation, one that is said to be public and asks for a token, or
    the other way round.
    """
    offered = {route.name for route in operations}
    if idle := table.keys() - offered:
        raise RuntimeError(f"permissions of nothing: {', '.join(sorted(idle))}")
    # Not every service hears events, and has letters it could not read.
    found = {name: one for name, one in PLATFORM.items() if name in offered} | dict(table)
    for route in operations:
        permission = found.get(route.name)
        if permission is None:
            raise RuntimeError(f"{route.path} ({route.name}) says nobody who may call it")
        calls = set(calls_of(route.dependant))
        asks, is_open = granted in calls, not calls.isdisjoint({public, probe})
        if asks is permission.is_public or is_open is not permission.is_public:
            raise RuntimeError(f"{route.path} ({route.name}) is not as public as its table says")
    return found


def calls_of(dependant: Dependant) -> Iterable[Any]:
    """What it depends on, in the order in which they are called."""
    for below in dependant.dependencies:
        yield from calls_of(below)
        yield below.call


# How the tables are read aloud.
ROLE_NAMES: Final = {
    Role.CUR_ADMIN: "администратор ЦУР",
    Role.CUR_CONTROLLER: "контролёр ЦУР",
    Role.SECRETARY: "секретарь",
    Role.COORDINATOR: "координатор",
    Role.DEPUTY: "заместитель координатора",
    Role.CLUSTER: "кластер",
    Role.AUTHORITY_HEAD: "глава органа власти",
    Role.ASSOCIATION: "ассоциация",
    Role.OPERATOR: "федеральный оператор",
    Role.AUDITOR: "аудитор",
    Role.PLATFORM: "платформа мониторинга",
    Role.SERVICE: "сервис",
}
ROWS_NAMES: Final = {
    Rows.ALL: "все",
    Rows.REGION: "свой регион",
    Rows.CLUSTER: "свой кластер",
    Rows.INDUSTRY: "своя отрасль",
    Rows.OWN: "своё",
}


def in_words(permission: Permission) -> str:
    """The permission as a sentence for the documentation of its operation."""
    if permission.is_public:
        return "Доступно всем, без токена."
    if permission.reach == ANYONE:
        return "Доступно всем ролям."
    parts = [
        f"{ROWS_NAMES[rows]} — {', '.join(ROLE_NAMES[role] for role in roles)}"
        for rows in Rows
        if (roles := [role for role in Role if permission.reach.get(role) is rows])
    ]
    scope = f" Служебным учётным записям нужна область `{permission.scope}`."
    return f"Кому доступно: {'; '.join(parts)}.{scope if permission.scope else ''}"
