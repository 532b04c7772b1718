"""JSON bodies that two readers could read differently: refused before anything is made of them."""

import json
from typing import Any, Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

_JSON: Final = ("application/json", "+json")


class _Twice(Exception):
    """The body names this field twice."""


async def refuse_ambiguous_body(request: Request) -> None:
    """Nothing but UTF-8, and no field twice: of two values a proxy may have checked the other one.

    Raises `RequestValidationError`.
    """
    route = request.scope.get("route")
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not media.endswith(_JSON) or not isinstance(route, APIRoute) or route.body_field is None:
        return
    # Read and parsed before; here it is only looked at.
    body = await request.body()
    try:
        json.loads(body.decode(), object_pairs_hook=_once)
    except _Twice as twice:
        told = {"type": "field_given_twice", "loc": ("body", str(twice)), "msg": ""}
    except (ValueError, RecursionError):
        told = {"type": "json_invalid", "loc": ("body",), "msg": ""}
    else:
        return
    raise RequestValidationError([told])


def _once(pairs: list[tuple[str, Any]]) -> None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise _Twice(name)
        seen.add(name)
