"""Real addresses and ids of the world, for requests that shall get past «not found»."""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final
from urllib.parse import quote

import httpx

_PARAM: Final = re.compile(r"\{(\w+)\}")
# What is remembered of a field, whoever has it; more would only be more of the same.
_KEPT: Final = 12
# Of addresses more: what stands at each stage is among them.
_KEPT_WAYS: Final = 40
# Fields whose values are of use wherever a field of this name is asked for.
_TELLING: Final = re.compile(
    r".*(_id|_ids)$|id|region|regions|industry|cohort|code|period|person|stage|cursor|next_cursor"
)
_NAMES: Final[Mapping[str, str]] = {"regions": "region", "clusters": "cluster_id"}

# Files and streams: of what they have, other answers tell more easily.
_UNTELLING: Final = re.compile(r"\.(\w+|\{ending\})$|/file$|/content$|/stream$")
# How many values of a name are tried, and of how many things it is looked what is below them.
_TRIED: Final = 3
_LOOKED_INTO: Final = 8
# What no list names, and is the same in any world.
_ALWAYS: Final[Mapping[str, list[Any]]] = {
    "year": [2023],
    "cohort": [2022],
    "partition": [0, 1],
    "ending": ["csv", "xlsx"],
    "by": ["districts", "cohorts"],
}

Values = dict[str, Any]


@dataclass
class Pool:
    """Values by the name of their field, and path parameters by the template of the path."""

    fields: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    paths: dict[str, list[Values]] = field(default_factory=lambda: defaultdict(list))
    read: set[str] = field(default_factory=set)

    def hear(self, found: Any) -> None:
        """Keep what an answer names."""
        if isinstance(found, Mapping):
            for name, value in found.items():
                if isinstance(value, Mapping | list):
                    self.hear(value)
                if value and _TELLING.fullmatch(name):
                    self._keep(name, value)
        elif isinstance(found, list):
            for item in found:
                self.hear(item)

    def _keep(self, name: str, value: Any) -> None:
        kept = self.fields[_NAMES.get(name, name)]
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str | int) and one not in kept and len(kept) < _KEPT:
                kept.append(one)

    def resolve(self, template: str, values: Values) -> None:
        """Remember that the template has something at these values."""
        if values not in self.paths[template] and len(self.paths[template]) < _KEPT_WAYS:
            self.paths[template].append(values)

    def learn(self, other: "Pool") -> None:
        """Take over values of fields this one has never heard of."""
        for name, values in other.fields.items():
            if not self.fields.get(name):
                self.fields[name] = list(values)

    def knows(self, template: str) -> bool:
        """Whether something was found there."""
        return template in self.read

    def ways(self, template: str) -> list[Values]:
        """Path parameters that lead somewhere: of the template's last thing, or its nearest."""
        names = _PARAM.findall(template)
        stem = template[: template.rindex("}") + 1] if names else template
        if stem in self.paths:
            return self.paths[stem]
        known = [way for head, ways in self.paths.items() if stem.startswith(head) for way in ways]
        return known[:_KEPT_WAYS]


def draw(choices: list[Any], seed: Any, *, of: int = 4) -> Any:
    """One of the choices by the seed, `None` once in `of`: always the same for the same seed."""
    digest = hashlib.sha256(json.dumps(seed, sort_keys=True, default=str).encode()).digest()
    if not choices or digest[0] % of == 0:
        return None
    return choices[int.from_bytes(digest[1:5]) % len(choices)]


async def explore(
    http: httpx.AsyncClient,
    base: str,
    document: Mapping[str, Any],
    headers: Mapping[str, str],
    pool: Pool,
) -> None:
    """Put into the pool what this actor can read: the lists first, then what they lead to."""
    readable = sorted(
        (
            path
            for path, item in document["paths"].items()
            if "get" in item and not _UNTELLING.search(path) and not pool.knows(path)
        ),
        key=_depth,
    )
    for template in readable:
        for values in _guesses(pool, template):
            path = _filled(template, values)
            answer = await http.get(base + path, headers=headers)
            if answer.status_code != httpx.codes.OK:
                continue
            pool.read.add(template)
            if values:
                pool.resolve(template[: template.rindex("}") + 1], values)
            if "json" in answer.headers.get("content-type", ""):
                pool.hear(found := answer.json())
                for item in _items(found):
                    _lead_on(pool, document, template, values, item)


def _filled(template: str, values: Values) -> str:
    return _PARAM.sub(lambda match: quote(str(values[match[1]]), safe=""), template)


def _depth(template: str) -> tuple[int, int]:
    return template.count("{"), len(template)


def _items(found: Any) -> Iterable[Any]:
    if isinstance(found, Mapping):
        for value in found.values():
            if isinstance(value, list):
                yield from (one for one in value if isinstance(one, Mapping))
                for one in value:
                    yield from _items(one)


def _lead_on(
    pool: Pool, document: Mapping[str, Any], template: str, values: Values, item: Values
) -> None:
    """An item of a list is at an address below the list's, or of what has the list in it."""
    for other in document["paths"]:
        rest = other.removeprefix(template)
        match = re.match(r"(/[\w-]+)?/\{(\w+)\}", rest)
        if not other.startswith(template) or match is None:
            continue
        if match[1] is None or "get" not in document["paths"].get(template + match[1], {}):
            name = match[2]
            given = next(
                (item[key] for key in (name, "id", "code", "region") if item.get(key)), None
            )
            if given:
                pool.resolve(template + match[0], {**values, name: given})


def _guesses(pool: Pool, template: str) -> list[Values]:
    names = _PARAM.findall(template)
    if not names:
        return [{}]
    ways = pool.ways(template)
    if not ways:
        ways = [{}]
    guessed = []
    for way in ways[:_LOOKED_INTO]:
        missing = [name for name in names if name not in way]
        choices = [_choices(pool, name)[:_TRIED] for name in missing]
        guessed += [way | dict(zip(missing, one, strict=True)) for one in product(*choices)]
    return [one for one in guessed if set(one) == set(names)][:_LOOKED_INTO]


def _choices(pool: Pool, name: str) -> list[Any]:
    return _ALWAYS.get(name) or pool.fields.get(name) or pool.fields.get("id", [])
