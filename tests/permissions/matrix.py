"""Every operation × every role × own and foreign rows: what the table says is what is answered."""

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from typing import Any, Final
from uuid import uuid4

import httpx
from fastapi import FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.auth import MACHINES, Role, Rows
from shared.permissions import PLATFORM, Permission, Table
from tests.conftest import Headers, Tokens

# Let in: done, or refused for what is asked and not for who asks.
LET_IN: Final = frozenset({200, 201, 202, 204, 303, 304, 409, 412})


class Whose(StrEnum):
    """Whose row an operation is asked for."""

    OWN = "own"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Ask:
    """What fills one operation's request beside what its document shows as an example."""

    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    files: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class World:
    """The rows there are, and whose.

    `claims` are each role's own rows, as in its token. `own` and `foreign` give parameters of
    paths by name; `asks` what single operations need beside them, by operation and whose row it
    is. `lists` names the operations that answer with rows: what of an own row they must show, and
    what of a foreign one they must not; in one answer, or in two where `asks` has both. `makes`
    names those whose row is the actor's own by being made: there is no foreign one to ask for.
    `also` are answers beyond `LET_IN` that are as good, `refused` those beyond 404 where it is the
    body that names a foreign row.
    """

    claims: Mapping[Role, Mapping[str, Any]]
    own: Mapping[str, str]
    foreign: Mapping[str, str]
    asks: Mapping[str, Mapping[Whose, Ask]] = field(default_factory=dict)
    lists: Mapping[str, Mapping[Whose, str]] = field(default_factory=dict)
    makes: frozenset[str] = frozenset()
    also: Mapping[str, frozenset[int]] = field(default_factory=dict)
    refused: Mapping[str, frozenset[int]] = field(default_factory=dict)

    def lists_apart(self, operation: str) -> bool:
        """Whether the operation lists foreign rows in an answer of their own."""
        return operation in self.lists and Whose.FOREIGN in self.asks.get(operation, {})


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation as its OpenAPI document shows it."""

    name: str
    method: str
    path: str
    body: Any
    takes_key: bool
    permission: Permission

    def __str__(self) -> str:
        return self.name


@cache
def operations(app: FastAPI) -> tuple[Operation, ...]:
    """All that the service documents, but what every service offers (`tests/permissions`)."""
    document = app.openapi()
    table: Table = app.state.permissions
    return tuple(
        Operation(
            name=found["operationId"],
            method=method.upper(),
            path=path,
            body=_example(found, document),
            takes_key=any(one["name"] == "Idempotency-Key" for one in found.get("parameters", ())),
            permission=table[found["operationId"]],
        )
        for path, methods in document["paths"].items()
        for method, found in methods.items()
        if found["operationId"] not in PLATFORM
    )


def _example(operation: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    if "examples" in content:
        return next(iter(content["examples"].values()))["value"]
    schema = content["schema"]
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema["examples"][0]


def expected(permission: Permission, role: Role, whose: Whose) -> frozenset[int]:
    """The statuses with which the role may be answered."""
    if permission.is_public:
        return LET_IN
    rows = permission.reach.get(role)
    if rows is None:
        return frozenset({403})
    return LET_IN if rows is Rows.ALL or whose is Whose.OWN else frozenset({404})


async def faults(
    operation: Operation,
    world: World,
    *,
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
) -> list[str]:
    """Where the answers are not what the table says; each request is undone after its answer."""
    found = []
    for role, whose, headers in _askers(operation, world, token):
        answer = await _asked(operation, world, whose, headers, client, session)
        wanted = expected(
            operation.permission, role, Whose.OWN if operation.name in world.lists else whose
        )
        if wanted is LET_IN:
            wanted |= world.also.get(operation.name, frozenset())
        elif role in operation.permission.reach:
            wanted |= world.refused.get(operation.name, frozenset())
        if answer.status_code not in wanted:
            found.append(f"{role} on {whose}: {answer.status_code}, {answer.text[:300]}")
        found += _leaks(operation, world, role, whose, answer)
    if not operation.permission.is_public:
        found += await _outsiders(operation, world, client, session, token)
    return found


def _askers(
    operation: Operation, world: World, token: Tokens
) -> Iterator[tuple[Role, Whose, Headers]]:
    has_rows = set(operation.permission.reach.values()) - {Rows.ALL}
    for role in Role:
        headers = token(role, **world.claims.get(role, {}))
        yield role, Whose.OWN, headers
        if not has_rows or operation.name in world.makes:
            continue
        if operation.name not in world.lists or world.lists_apart(operation.name):
            yield role, Whose.FOREIGN, headers


async def _asked(
    operation: Operation,
    world: World,
    whose: Whose,
    headers: Headers,
    client: httpx.AsyncClient,
    session: AsyncSession,
) -> httpx.Response:
    ask = world.asks.get(operation.name, {}).get(whose, Ask())
    rows = world.own if whose is Whose.OWN else world.foreign
    names = {**rows, **ask.path}
    key = {"Idempotency-Key": str(uuid4())} if operation.takes_key else {}
    body = ask.body if ask.body is not None else operation.body
    point = await session.begin_nested()
    answer = await client.request(
        operation.method,
        operation.path.format_map(names),
        params=ask.query or None,
        json=body if ask.files is None else None,
        files=ask.files,
        headers={**headers, **key, **ask.headers},
    )
    if point.is_active:
        await point.rollback()
    session.expunge_all()
    return answer


def _leaks(
    operation: Operation, world: World, role: Role, whose: Whose, answer: httpx.Response
) -> Iterator[str]:
    marks = world.lists.get(operation.name)
    rows = operation.permission.reach.get(role)
    if marks is None or rows is None or answer.status_code != httpx.codes.OK:
        return
    shown = _shown(answer)
    if whose is Whose.OWN and marks[Whose.OWN] not in shown:
        yield f"{role} is not shown its own {marks[Whose.OWN]}"
    if whose is Whose.OWN and world.lists_apart(operation.name):
        return
    is_shown = marks[Whose.FOREIGN] in shown
    if is_shown is not (rows is Rows.ALL):
        yield f"{role} is {'' if is_shown else 'not '}shown {marks[Whose.FOREIGN]}"


def _shown(answer: httpx.Response) -> str:
    """What the answer says; of a workbook, what its parts say."""
    if not answer.content.startswith(b"PK"):
        return answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as parts:
        return "\n".join(parts.read(name).decode() for name in parts.namelist())


async def _outsiders(
    operation: Operation,
    world: World,
    client: httpx.AsyncClient,
    session: AsyncSession,
    token: Tokens,
) -> list[str]:
    """Without a token, with a role nobody knows, and a machine without the scope."""
    found = []
    tried = [({}, 401), (token("visitor"), 403)]
    if operation.permission.scope is not None:
        machines = sorted(MACHINES & operation.permission.reach.keys())
        tried += [(token(role, scope=""), 403) for role in machines]
    for headers, status in tried:
        answer = await _asked(operation, world, Whose.OWN, headers, client, session)
        if answer.status_code != status:
            found.append(f"an outsider got {answer.status_code} instead of {status}")
    return found
