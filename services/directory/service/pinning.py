"""Connections of libraries that look names up by themselves, made to the addresses we looked at.

Apprise sends through requests, which sends through urllib3 and takes neither a connection nor a
resolver of ours. So the one function by which urllib3 connects asks here first; whoever has pinned
nothing connects as ever.
"""

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from urllib3.util import connection

_MOST_TRIED: Final = 4
_pinned: Final[ContextVar[Sequence[str]]] = ContextVar("pinned", default=())
_connect: Final = connection.create_connection


def _connect_pinned(address: tuple[str, int], *args: Any, **kwargs: Any) -> socket.socket:
    """To the pinned addresses in turn, whatever the name leads to by now. Raises `OSError`."""
    addresses = _pinned.get()
    if not addresses:
        return _connect(address, *args, **kwargs)
    *others, last = addresses[:_MOST_TRIED]
    for one in others:
        try:
            return _connect((one, address[1]), *args, **kwargs)
        except OSError:
            continue
    return _connect((last, address[1]), *args, **kwargs)


connection.create_connection = _connect_pinned


@contextmanager
def pinned(addresses: Sequence[str]) -> Iterator[None]:
    """Within, and in threads given this context, urllib3 connects to these and nowhere else."""
    before = _pinned.set(addresses)
    try:
        yield
    finally:
        _pinned.reset(before)
