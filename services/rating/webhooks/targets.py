"""Where a push may go: an https address whose name leads to the public internet and only there.

The name is looked up once for each attempt, every address found must be allowed, and the connection
is made to these very addresses: a name that leads elsewhere a moment later gains nothing.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from typing import Final, Protocol
from urllib.parse import urlsplit

from shared.addresses import Address, Network, is_public, is_within
from shared.errors import Invalid

LONGEST_URL: Final = 2000
_LOOKUP_SECONDS: Final = 5.0
_MOST_TRIED: Final = 4
_URL: Final = re.compile(r"[!#-;=?-\[\]_a-z~]+")
_NAME: Final = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+"
    # What ends in a number is another way to write an IPv4 address.
    r"(?!0x[0-9a-f]*\Z)(?=[a-z0-9-]*[a-z])[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class TargetRefused(Invalid):
    """Nothing is pushed to such an address."""

    code = "webhook_url_refused"
    title = "На такой адрес не отправляем"


class Limits(Protocol):
    """The settings that say where pushes may go."""

    webhook_ports: list[int]
    webhook_private_networks: list[Network]

    @property
    def is_development(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Rules:
    """Ports and networks allowed; `plain`: http and any port are too, but in these networks."""

    ports: tuple[int, ...]
    networks: tuple[Network, ...]
    plain: bool

    @classmethod
    def of(cls, limits: Limits) -> "Rules":
        """What the settings allow."""
        return cls(
            tuple(limits.webhook_ports),
            tuple(limits.webhook_private_networks),
            limits.is_development,
        )


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart."""

    scheme: str
    host: str
    port: int
    path: str


def parse(url: str, rules: Rules) -> Target:
    """The address, where its form is one we push to. Raises `TargetRefused`."""
    if len(url) > LONGEST_URL or not _URL.fullmatch(url):
        raise TargetRefused("Адрес — до 2000 знаков ASCII; домен вне латиницы — как xn--….")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise TargetRefused("Адрес не разобран.") from error
    if parts.scheme != "https" and not (rules.plain and parts.scheme == "http"):
        raise TargetRefused("Нужен адрес https://…")
    if "@" in parts.netloc:
        raise TargetRefused("Имя и пароль в адресе не допускаются.")
    if "#" in url:
        raise TargetRefused("Часть адреса после # не отправляется: уберите её.")
    host = parts.hostname or ""
    if not _NAME.fullmatch(host) and not _is_allowed_literal(host, rules):
        raise TargetRefused("Нужно доменное имя с точкой, не IP-адрес и без точки в конце.")
    default = 443 if parts.scheme == "https" else 80
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, default if port is None else port, path)


def _is_allowed_literal(host: str, rules: Rules) -> bool:
    try:
        return is_within(IPv4Address(host), rules.networks)
    except ValueError:
        return False


async def look_up(target: Target, rules: Rules, resolve: Resolve) -> list[Address]:
    """The addresses to connect to. Raises `TargetRefused` where any of them is not allowed."""
    try:
        async with asyncio.timeout(_LOOKUP_SECONDS):
            found = await resolve(target.host, target.port)
    except (OSError, TimeoutError, UnicodeError) as error:
        raise TargetRefused("Имя узла не найдено в DNS.") from error
    addresses = [ip_address(one) for one in dict.fromkeys(found)]
    for address in addresses:
        within = is_within(address, rules.networks)
        if not (within or is_public(address)):
            raise TargetRefused("Имя ведёт в закрытую или служебную сеть.")
        if rules.plain and within:
            continue
        if target.scheme != "https":
            raise TargetRefused("Нужен адрес https://…")
        if target.port not in rules.ports:
            allowed = ", ".join(map(str, rules.ports))
            raise TargetRefused(f"Порт {target.port} не разрешён; разрешены: {allowed}.")
    if not addresses:
        raise TargetRefused("Имя узла не найдено в DNS.")
    return addresses[:_MOST_TRIED]


async def vet(url: str, rules: Rules, resolve: Resolve) -> None:
    """Raise `TargetRefused` where nothing could be pushed to the address today."""
    await look_up(parse(url, rules), rules, resolve)


# Threads of their own: a name server that keeps its askers waiting must not keep others'.
_THREADS: Final = ThreadPoolExecutor(16, thread_name_prefix="webhook-names")


async def system_resolve(host: str, port: int) -> list[str]:
    """What the system says the name leads to. Raises `OSError`."""
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(
        _THREADS, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    )
    return [str(address[0]) for *_, address in found]
