"""JSON bodies refused before anything is made of them: ambiguous, or costly for nothing."""

import json
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

# The most any operation has a use for is a hundred in a dictionary, and some forty in a model.
MAX_FIELDS: Final = 300
# A list of attendance: five thousand people of three fields each.
MAX_VALUES: Final = 25_000
_JSON: Final = ("application/json", "+json")

# A value, its name, and what it is in.
_Found = tuple[Any, str | int, "_Found | None"]


class _Twice(Exception):
    """The body names this field twice."""


async def refuse_ambiguous_body(request: Request) -> None:
    """Nothing but UTF-8, and no field twice: of two values a proxy may have checked the other one.

    Nor more values than anything here is made of: each wrong one would become an error of its own,
    a hundred times the size of what it is about. Raises `RequestValidationError`.
    """
    route = request.scope.get("route")
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not media.endswith(_JSON) or not isinstance(route, APIRoute) or route.body_field is None:
        return
    # Read and parsed before; here it is only looked at.
    body = await request.body()
    try:
        _refuse_costly(await request.json())
        json.loads(body.decode(), object_pairs_hook=_once)
    except _Twice as twice:
        told = {"type": "field_given_twice", "loc": ("body", str(twice)), "msg": ""}
    except (ValueError, RecursionError):
        told = {"type": "json_invalid", "loc": ("body",), "msg": ""}
    else:
        return
    raise RequestValidationError([told])


def _refuse_costly(parsed: Any) -> None:
    """Raises `RequestValidationError`, which names where there are too many."""
    left = MAX_VALUES
    # Each with its name and what it is in: whole paths would be as long as the body is deep.
    waiting: list[_Found] = [(parsed, "body", None)]
    while waiting:
        found = waiting.pop()
        value = found[0]
        if not isinstance(value, dict | list):
            continue
        left -= len(value)
        if isinstance(value, dict) and len(value) > MAX_FIELDS:
            kind = "too_many_fields"
        elif left < 0:
            kind = "too_many_values"
        else:
            parts = value.items() if isinstance(value, dict) else enumerate(value)
            waiting += [(part, name, found) for name, part in parts]
            continue
        raise RequestValidationError([{"type": kind, "loc": _path(found), "msg": ""}])


def _path(found: _Found) -> tuple[str | int, ...]:
    steps: list[str | int] = []
    inner: _Found | None = found
    while inner is not None:
        _, name, inner = inner
        steps.append(name)
    return tuple(reversed(steps))


def _once(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise _Twice(name)
        seen.add(name)
