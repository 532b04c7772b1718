"""Lists in pages: `{items, next_cursor}`, an opaque keyset cursor, a `Link` to the next page."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from pydantic_core import to_json

from shared.errors import Invalid

T = TypeVar("T")
K = TypeVar("K")

Limit = Annotated[int, Query(ge=1, le=200, description="Сколько записей на странице")]
Cursor = Annotated[str | None, Query(max_length=500, description="next_cursor предыдущей страницы")]


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
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found = TypeAdapter(shape).validate_json(raw)
    except (ValidationError, binascii.Error, ValueError) as error:
        raise BadCursor(
            "Курсор не подходит к этому списку. Начните с первой страницы.", field="query.cursor"
        ) from error
    if "\\u0000" in raw.decode(errors="replace"):
        raise BadCursor("Курсор не подходит к этому списку.", field="query.cursor")
    return found


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
    cursor = encode(key(page[-1]))
    following = request.url.include_query_params(cursor=cursor)
    response.headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    return page, cursor
