"""Makes a request's values out of its schema: sound ones, or a poison wherever its kind fits."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from tests.hostile.operations import Schema

Path = tuple[str, ...]


@dataclass(frozen=True)
class Raw:
    """A JSON token as it is to be written: numbers no serialiser would write."""

    token: str


@dataclass(frozen=True)
class Poison:
    """What to put into every field it fits; `only` narrows it to bodies, `at` to these fields."""

    name: str
    fits: Callable[[Schema], bool]
    make: Callable[[Schema, Any], Any]
    only: str = ""
    at: frozenset[Path] | None = None

    def meant_for(self, schema: Schema, at: Path) -> bool:
        """Whether it goes into this field."""
        if (self.only == "body" and at[0] != "body") or at[-1] == "cursor":
            return False
        return (self.at is None or at in self.at) and self.fits(schema)


@dataclass(frozen=True)
class Built:
    """A value, and the paths within it that were poisoned."""

    value: Any
    poisoned: tuple[Path, ...] = ()


class Shapes:
    """Builds values of the schemas of one document."""

    def __init__(self, schemas: dict[str, Schema]) -> None:
        self._schemas = schemas

    def build(self, schema: Schema, poison: Poison | None, at: Path = ()) -> Built:
        """A value of the schema with every property given, poisoned where the poison fits."""
        schema = self._narrow(schema)
        if poison is not None and poison.meant_for(schema, at):
            return Built(poison.make(schema, self.build(schema, None).value), (at,))
        if schema.get("type") == "object":
            return self._object(schema, poison, at)
        if schema.get("type") == "array":
            item = self.build(schema.get("items", {}), poison, (*at, "0"))
            return Built([item.value] * max(1, schema.get("minItems", 1)), item.poisoned)
        return Built(_sound(schema))

    def variants(self, schema: Schema) -> Iterator[Schema]:
        """The schema once for each of its alternatives, where it is a choice of objects."""
        schema = self._narrow(schema, choose=False)
        choices: list[Schema] = schema.get("oneOf") or schema.get("anyOf") or []
        for choice in choices:
            yield self._narrow(choice)
        if not {"oneOf", "anyOf"} & schema.keys():
            yield schema

    def objects(self, schema: Schema, at: Path = ()) -> Iterator[Path]:
        """Where a value of the schema has objects with fixed fields."""
        schema = self._narrow(schema)
        if schema.get("type") == "array":
            yield from self.objects(schema.get("items", {}), (*at, "0"))
        if "properties" in schema:
            yield at
            for name, part in schema["properties"].items():
                yield from self.objects(part, (*at, name))

    def _narrow(self, schema: Schema, *, choose: bool = True) -> Schema:
        while True:
            if "$ref" in schema:
                schema = self._schemas[schema["$ref"].rsplit("/", 1)[1]]
                continue
            choices = [
                one
                for key in ("anyOf", "oneOf", "allOf")
                for one in schema.get(key, [])
                if one.get("type") != "null"
            ]
            if not choices or (not choose and len(choices) > 1):
                return schema
            schema = choices[0]

    def _object(self, schema: Schema, poison: Poison | None, at: Path) -> Built:
        value: dict[str, Any] = {}
        poisoned: tuple[Path, ...] = ()
        for name, part in schema.get("properties", {}).items():
            found = self.build(part, poison, (*at, name))
            value[name] = found.value
            poisoned += found.poisoned
        return Built(value, poisoned)


_FORMATS: Final = {
    "uuid": "0190c5a0-0000-7000-8000-000000000012",
    "date": "2023-10-20",
    "date-time": "2023-10-20T09:00:00Z",
    "time": "10:00:00",
    "uri": "https://example.org/otchet.pdf",
    "password": "https://example.org/hook",
}


def _sound(schema: Schema) -> Any:
    """A plausible leaf; whether every rule behind it is met does not matter to a poison beside."""
    for given in ("examples", "enum"):
        if schema.get(given):
            return schema[given][0]
    if "const" in schema:
        return schema["const"]
    kind = schema.get("type")
    if kind == "string":
        return _FORMATS.get(schema.get("format", ""), "16" if "pattern" in schema else "текст")
    if kind in ("integer", "number"):
        return int(max(1, schema.get("minimum", 0)))
    return {"boolean": True}.get(kind or "")


_MARK: Final = "\ue000raw:"
_MARKED: Final = re.compile('"' + json.dumps(_MARK)[1:-1].replace("\\", "\\\\") + '([^"]*)"')


def dumps(value: Any) -> bytes:
    """JSON with its raw tokens as they are; lone surrogates as escapes."""
    return _MARKED.sub(r"\1", json.dumps(value, default=lambda raw: _MARK + raw.token)).encode()
