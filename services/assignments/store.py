"""The object store: a folder by default, S3 by setting. Keys never hold a user's words."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import BinaryIO, Final
from urllib.parse import unquote, urlsplit
from uuid import UUID

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from shared.errors import Unavailable

_PREFIX: Final = "executions"


class StoreAway(Unavailable):
    """There is no object store, or it does not answer."""

    code = "file_store_unavailable"
    title = "Хранилище файлов недоступно"


def open_store(url: str | None) -> ObjectStore:
    """The store at the address (`file:///…`, `s3://…`). Raises `StoreAway` without one."""
    if url is None:
        raise StoreAway("Хранилище файлов не настроено (OBJECT_STORE_URL).")
    parts = urlsplit(url)
    if parts.scheme == "file":
        return LocalStore(prefix=unquote(parts.path), mkdir=True)
    try:
        return from_url(url)
    except BaseError as error:
        raise StoreAway("Хранилище файлов настроено неверно (OBJECT_STORE_URL).") from error


def key_of(execution_id: UUID, file_id: UUID) -> str:
    """Where a file lies."""
    return f"{_PREFIX}/{execution_id}/{file_id}"


async def put(store: ObjectStore, key: str, content: BinaryIO) -> None:
    """Store the content whole or not at all. Raises `StoreAway`."""
    with _or_away("Файл не удалось сохранить. Повторите позже."):
        await obstore.put_async(store, key, content)


async def read(store: ObjectStore, key: str) -> AsyncIterator[bytes]:
    """The content in pieces. Raises `StoreAway`; after the first piece that ends the stream short,
    which whoever reads it can tell by its length.
    """
    with _or_away("Содержимое файла не удалось прочесть."):
        found = await obstore.get_async(store, key)
        async for piece in found.stream():
            yield bytes(piece)


async def delete(store: ObjectStore, key: str) -> None:
    """Forget the content; what is not there stays so. Raises `StoreAway`."""
    with _or_away("Содержимое файла не удалось удалить."), suppress(NotFoundError):
        await obstore.delete_async(store, key)


async def keys_before(store: ObjectStore, instant: datetime) -> AsyncIterator[list[str]]:
    """The keys of what was stored before the instant, in portions. Raises `StoreAway`."""
    with _or_away("Хранилище файлов не отвечает."):
        async for portion in obstore.list(store, prefix=_PREFIX):
            yield [meta["path"] for meta in portion if meta["last_modified"] < instant]


@contextmanager
def _or_away(said: str) -> Iterator[None]:
    try:
        yield
    except (OSError, BaseError) as error:
        raise StoreAway(said) from error
