"""Sends one operation wrong requests, and says of each answer what is amiss with it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

import httpx
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from tests.conftest import Headers
from tests.hostile.operations import JSON, Operation
from tests.hostile.shapes import Path, Poison, Raw, Shapes, dumps

_WRITTEN = text(
    "select relname from pg_stat_xact_user_tables where n_tup_ins + n_tup_upd + n_tup_del > 0"
)


async def written(session: AsyncSession) -> list[str]:
    """The tables this test's transaction has written to, were it only to take it back."""
    connection = await session.connection()
    return [row[0] for row in await connection.execute(_WRITTEN)]


class Asker:
    """Asks one operation; `faults` collects what its answers lack."""

    def __init__(self, client: httpx.AsyncClient, operation: Operation, headers: Headers) -> None:
        self._client = client
        self._operation = operation
        # What an operation may demand beside the token is the version that was read.
        demanded = [one["name"] for one in operation.placed("header") if one.get("required")]
        self._headers = {**headers, **dict.fromkeys(demanded, '"v1"')}
        self._shapes = Shapes(operation.schemas)
        self.faults: list[str] = []

    async def poisoned(self, poison: Poison) -> None:
        """The poison in every field it fits at once; each must be named.

        Not all are looked at together: those left unnamed are sent anew without the others.
        """
        for body in self._bodies():
            await self._poisoned(poison, body)

    def _bodies(self) -> list[Any]:
        if not self._operation.takes_json:
            return [None]
        return list(self._shapes.variants(self._operation.body or {}))

    async def _poisoned(self, poison: Poison, schema: Any) -> None:
        while True:
            sent, named = self._request(poison, schema)
            if not named:
                return
            answer = await self.ask(*sent)
            left = _unnamed(answer, named)
            if not left or len(left) == len(named):
                self.judge(poison.name, answer, named)
                return
            poison = replace(poison, at=frozenset(left))

    def _request(self, poison: Poison, schema: Any) -> tuple[Any, list[Path]]:
        named: list[Path] = []
        values: dict[str, dict[str, Any]] = {"path": {}, "query": {}}
        for one in self._operation.placed("path") + self._operation.placed("query"):
            where, name = one["in"], one["name"]
            built = self._shapes.build(one["schema"], poison, (where, name))
            if built.poisoned or one.get("required"):
                values[where][name] = built.value
                named += built.poisoned
        content = None
        if schema is not None:
            built = self._shapes.build(schema, poison, ("body",))
            content = dumps(built.value)
            named += built.poisoned
        return (values["path"], values["query"], content), named

    def sound_body(self) -> Any:
        return self._shapes.build(self._bodies()[0], None).value

    def object_paths(self) -> list[Path]:
        return list(self._shapes.objects(self._bodies()[0]))

    def required(self) -> dict[str, dict[str, Any]]:
        """Sound values of the parameters of its address it cannot do without."""
        found: dict[str, dict[str, Any]] = {"path": {}, "query": {}}
        for one in self._operation.placed("path") + self._operation.placed("query"):
            if one.get("required"):
                found[one["in"]][one["name"]] = self._shapes.build(one["schema"], None).value
        return found

    def address(self, path: dict[str, Any]) -> str:
        """The operation's address with these values in it."""
        found = self._operation.path
        for name, value in path.items():
            found = found.replace("{" + name + "}", quote(_plain(value), safe=""))
        return found

    async def ask(
        self, path: dict[str, Any], query: dict[str, Any], content: bytes | None, **headers: str
    ) -> httpx.Response:
        """Send it; values are written into the address as they are, escaped."""
        address = self.address(path)
        if query:
            address += "?" + urlencode({name: _plain(value) for name, value in query.items()})
        sent = {**self._headers, **headers}
        if content is not None:
            sent.setdefault("Content-Type", JSON)
        return await self._client.request(
            self._operation.method, address, headers=sent, content=content
        )

    def judge(self, what: str, answer: httpx.Response, named: Iterable[Path] = ()) -> None:
        """Note a fault unless it is a 4xx problem that names these fields."""
        told = f"{what}: {answer.status_code}"
        if not 400 <= answer.status_code < 500:
            self.faults.append(f"{told} {answer.text[:300]} for {list(named)}")
            return
        if answer.headers.get("content-type") != "application/problem+json":
            self.faults.append(f"{told} as {answer.headers.get('content-type')}")
            return
        problem = answer.json()
        if answer.status_code == 414 or (
            answer.status_code == 404 and all(path[0] != "body" for path in named)
        ):
            return  # too much in all, or of a row that is not there, which is looked for first
        missing = [".".join(path) for path in _unnamed(answer, named)]
        if missing:
            told += f" {problem['code']} {[error['field'] for error in problem['errors']]}"
            self.faults.append(f"{told} does not name {missing}")


def _unnamed(answer: httpx.Response, named: Iterable[Path]) -> list[Path]:
    """Which of the fields a problem does not name."""
    try:
        fields = [error["field"].split(".") for error in answer.json()["errors"]]
    except (ValueError, KeyError, TypeError):
        fields = []
    return [path for path in named if not any(_within(path, field) for field in fields)]


def _plain(value: Any) -> str:
    if isinstance(value, Raw):
        return value.token
    if isinstance(value, list):
        return _plain(value[0])
    return str(value)


def _within(path: Path, field: list[str]) -> bool:
    """Whether the field is the path; unions put the names of their branches between.

    An item of a query's list is named as the list, and what only a path has is named bare.
    """
    wanted = path[:2] if path[0] == "query" else path
    rest = iter(field)
    return all(part in rest for part in wanted) or (path[0] == "path" and field == [path[1]])
