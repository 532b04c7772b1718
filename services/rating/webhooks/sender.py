"""One attempt: look the name up, connect to what was found, sign, post, read a little."""

import asyncio
import ssl
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import certifi
import httpcore
import structlog
from standardwebhooks import Webhook

from services.rating.domain.webhooks import Answer, Push
from services.rating.webhooks.targets import (
    Resolve,
    Rules,
    TargetRefused,
    look_up,
    parse,
    system_resolve,
)
from shared.addresses import Address
from shared.seals import SealBroken, Seals

LONGEST_EXCERPT: Final = 500
LONGEST_ERROR: Final = 300
_MOST_READ: Final = 16 * 1024
_NO_SEALS: Final = Seals(())
_AGENT: Final = "professionalitet-webhooks/1"
_FAILURES: Final = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    ssl.SSLError,
    OSError,
)

logger = structlog.get_logger(__name__)


class _Pinned(httpcore.AsyncNetworkBackend):
    """Connects to the addresses that were looked at, whatever the name leads to by now."""

    def __init__(self, addresses: Sequence[Address]) -> None:
        self._addresses = addresses
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        *others, last = self._addresses
        for address in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self._inner.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
        return await self._inner.connect_tcp(
            str(last), port, timeout, local_address, socket_options
        )


class Sender:
    """Sends attempts. Follows no redirect, asks no proxy, keeps no connection."""

    def __init__(
        self,
        rules: Rules,
        timeout: timedelta,
        *,
        resolve: Resolve = system_resolve,
        trust: ssl.SSLContext | None = None,
        seals: Seals = _NO_SEALS,
    ) -> None:
        self._rules = rules
        self._seconds = timeout.total_seconds()
        self._resolve = resolve
        self._trust = trust or _trusted()
        self._seals = seals

    async def send(self, push: Push, at: datetime) -> Answer:
        """Post the message, signed as of the instant, and tell what came of it."""
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._seconds):
                return await self._send(push, at, started)
        except TimeoutError:
            error = f"Нет ответа за {self._seconds:g} с."
        except (TargetRefused, SealBroken) as refused:
            error = str(refused)
        except _FAILURES as failure:
            error = f"Соединение не удалось: {type(failure).__name__}: {failure}"
        except Exception as failure:
            # Whatever a stranger's answer does to a library, the worker goes on: it also scores.
            logger.exception("a push failed unforeseen", delivery=str(push.delivery_id))
            error = f"Ответ не разобран: {type(failure).__name__}."
        return Answer(_ms_since(started), error=clean(error, LONGEST_ERROR))

    async def _send(self, push: Push, at: datetime, started: float) -> Answer:
        secrets = [self._seals.open(secret) for secret in push.secrets]
        target = parse(push.url, self._rules)
        addresses = await look_up(target, self._rules, self._resolve)
        # Each stage has the whole time: the limit on all of them is the caller's.
        stages = dict.fromkeys(("connect", "read", "write", "pool"), self._seconds)
        url = httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        )
        async with (
            httpcore.AsyncConnectionPool(
                ssl_context=self._trust, network_backend=_Pinned(addresses)
            ) as pool,
            pool.stream(
                "POST",
                url,
                headers=_headers(push, at, secrets),
                content=push.body.encode(),
                extensions={"timeout": stages},
            ) as response,
        ):
            status = response.status
            left = self._seconds - (time.perf_counter() - started)
            excerpt = await _beginning(response, seconds=left / 2)
            headers = {name.lower(): value for name, value in response.headers}
        return Answer(
            _ms_since(started),
            status=status,
            error=None if 200 <= status < 300 else _why(status),
            excerpt=clean(excerpt, LONGEST_EXCERPT) or None,
            retry_after=_retry_after(headers),
        )


def signatures(push: Push, at: datetime, secrets: Iterable[str]) -> str:
    """The header's value: a signature by each of the secrets."""
    return " ".join(Webhook(secret).sign(str(push.message_id), at, push.body) for secret in secrets)


def _headers(push: Push, at: datetime, secrets: Iterable[str]) -> list[tuple[str, str]]:
    return [
        ("Content-Type", "application/json; charset=utf-8"),
        ("User-Agent", _AGENT),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
        ("webhook-id", str(push.message_id)),
        ("webhook-timestamp", str(int(at.timestamp()))),
        ("webhook-signature", signatures(push, at, secrets)),
    ]


async def _beginning(response: httpcore.Response, *, seconds: float) -> str:
    """The first bytes of the answer: no more, and its status counts whether they come or not."""
    read = bytearray()
    with suppress(*_FAILURES):
        async with asyncio.timeout(seconds):
            async for part in response.aiter_stream():
                read += part
                if len(read) >= _MOST_READ:
                    break
    return read[:_MOST_READ].decode(errors="replace")


def clean(text: str, longest: int) -> str:
    """Without control characters, which no table and no screen is fond of."""
    return "".join(one if one.isprintable() else " " for one in text)[:longest].strip()


def _why(status: int) -> str:
    if 300 <= status < 400:
        return f"Ответ {status}: перенаправления не выполняются."
    return f"Ответ {status}."


def _retry_after(headers: Mapping[bytes, bytes]) -> timedelta | None:
    """Seconds, or an instant seen from the receiver's own clock."""
    given = headers.get(b"retry-after", b"").decode("latin-1").strip()
    if given.isascii() and given.isdigit():
        return timedelta(seconds=int(given[:9]))
    try:
        until = parsedate_to_datetime(given)
        pause = until - parsedate_to_datetime(headers.get(b"date", b"").decode("latin-1"))
    except (ValueError, TypeError, OverflowError):
        return None
    return max(pause, timedelta())


def _ms_since(started: float) -> int:
    return int((time.perf_counter() - started) * 1000)


def _trusted() -> ssl.SSLContext:
    """The usual authorities, and those the system (or `SSL_CERT_FILE`) names besides."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    return context
