"""Lists in pages: `{items, next_cursor}`, an opaque keyset cursor, a `Link` to the next page.

A cursor is a position and a mark of the list it was given for: the address and the filter. It is
no secret and gives no rights; the mark is against mistakes, not against forgery.
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, Any, Final, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Query, Request, Response
from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import to_json

from shared.errors import Invalid
from shared.text import clean

T = TypeVar("T")
K = TypeVar("K")

_PAGING: Final = frozenset({"cursor", "limit"})

Limit = Annotated[int, Query(ge=1, le=200, description="Сколько записей на странице")]
Cursor = Annotated[
    Annotated[str, StringConstraints(max_length=500), AfterValidator(clean)] | None,
    Query(description="next_cursor предыдущей страницы"),
]


class Page(BaseModel, Generic[T]):
    """One page; `next_cursor` is null on the last one. Subclass it to give the schema a name."""

    items: list[T] = Field(max_length=200)
    next_cursor: str | None = Field(default=None, max_length=500)


class BadCursor(Invalid):
    """The cursor is not one we gave for this list."""

    code = "bad_cursor"
    title = "Неверный курсор"


def encode(key: Any) -> str:
    """The sort key of a page's last row, made opaque."""
    return base64.urlsafe_b64encode(to_json(key)).decode().rstrip("=")


def decode(cursor: str, shape: type[K]) -> K:
    """The sort key again, validated as `shape`, for example `tuple[date, UUID]`.

    Raises `BadCursor`.
    """
    try:
        position = cursor.partition(".")[0]
        raw = base64.b64decode(position + "=" * (-len(position) % 4), b"-_", validate=True)
        found = TypeAdapter(shape).validate_json(raw)
    except (ValidationError, binascii.Error, ValueError) as error:
        raise BadCursor(
            "Курсор не подходит к этому списку. Начните с первой страницы.", field="query.cursor"
        ) from error
    if "\\u0000" in raw.decode(errors="replace") or not _fits(found):
        raise BadCursor("Курсор не подходит к этому списку.", field="query.cursor")
    return found


def mark(path: str, query: Iterable[tuple[str, str]]) -> str:
    """Tells a list and its filter from others; how many rows a page has is no part of it."""
    asked = sorted(pair for pair in query if pair[0] not in _PAGING)
    return hashlib.sha256(f"{path}?{urlencode(asked)}".encode()).hexdigest()[:8]


def _mark_of(request: Request) -> str:
    return mark(request.url.path, request.query_params.multi_items())


async def refuse_foreign_cursor(request: Request) -> None:
    """A position in another list would silently leave rows out. Raises `BadCursor`."""
    given = request.query_params.get("cursor")
    if given and given.partition(".")[2] != _mark_of(request):
        raise BadCursor(
            "Курсор не от этого списка или не от этого отбора. Начните с первой страницы.",
            field="query.cursor",
        )


def following_page(key: Any, request: Request) -> str:
    """The cursor of the page after the row with this sort key, in the list that was asked for."""
    return f"{encode(key)}.{_mark_of(request)}"


def _fits(position: object) -> bool:
    """Whether the database has such numbers."""
    if isinstance(position, tuple):
        return all(_fits(part) for part in position)
    return not isinstance(position, int) or abs(position) < 2**63


def paginate(
    rows: Sequence[T],
    limit: int,
    key: Callable[[T], Any],
    *,
    request: Request,
    response: Response,
) -> tuple[list[T], str | None]:
    """Split `limit + 1` fetched rows into the page and the next cursor, and set `Link`."""
    page = list(rows[:limit])
    if len(rows) <= limit:
        return page, None
    cursor = following_page(key(page[-1]), request)
    following = request.url.include_query_params(cursor=cursor)
    response.headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    return page, cursor
