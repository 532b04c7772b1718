"""Messengers through apprise: which addresses are taken, and how a post goes out.

An address is a secret: it is never told again, neither in answers nor in errors nor in logs.

It is an address alone: whatever apprise would take after a question mark (files of this machine,
redirects, certificates unchecked) is refused. A server of one's own is looked up once for each post
and connected to where it was found, as by the rating's webhooks: a name that leads elsewhere a
moment later gains nothing.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address
from typing import Any, Final, Protocol

import apprise

from services.directory.domain.channels import MessengerRefused
from services.directory.service.pinning import pinned
from shared.addresses import Network, is_public, is_within

# Services of the public internet: the address holds tokens, and no host of anybody's choosing.
HOSTED: Final = frozenset({"tgram", "slack", "discord"})
# Servers of one's own, by TLS; the plain twin only in development, in networks named.
OWN: Final = frozenset({"mmosts", "rockets", "matrixs", "jsons"})
_PLAIN: Final = frozenset(scheme.removesuffix("s") for scheme in OWN)
_LOOKUP_SECONDS: Final = 5.0

Resolve = Callable[[str], Awaitable[Sequence[str]]]


class Limits(Protocol):
    """The settings that say where posts may go."""

    webhook_private_networks: list[Network]

    @property
    def is_development(self) -> bool: ...


class NotSent(ConnectionError):
    """The messenger did not take the post; it is tried again."""


async def system_resolve(host: str) -> list[str]:
    """What the system says the name leads to. Raises `OSError`."""
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _plugin(url: str, limits: Limits) -> tuple[apprise.NotifyBase, str]:
    """Apprise's sender for the address, and the scheme. Raises `MessengerRefused`."""
    scheme = url.partition("://")[0].casefold()
    taken = HOSTED | OWN | (_PLAIN if limits.is_development else frozenset())
    if scheme not in taken:
        raise MessengerRefused(
            f"Принимаются адреса apprise: {', '.join(sorted(f'{one}://' for one in taken))}.",
            field="body.url",
        )
    if "?" in url:
        raise MessengerRefused(
            "Параметры в адресе не принимаются: уберите «?» и всё, что после него.",
            field="body.url",
        )
    found: Any = apprise.Apprise.instantiate(url, suppress_exceptions=True)
    if not isinstance(found, apprise.NotifyBase):
        raise MessengerRefused("Адрес мессенджера не разобран.", field="body.url")
    return _prepared(found), scheme


def _prepared(sender: Any) -> apprise.NotifyBase:
    """The sender, which goes to the server that its address names, and takes a post in full."""
    sender.redirects = False
    sender.verify_certificate = True
    # Matrix alone: the server would name another one to talk to.
    if hasattr(sender, "discovery"):
        sender.discovery = False
    # A long post arrives in parts: by itself apprise sends it whole, and messengers refuse it.
    sender.overflow_mode = apprise.OverflowMode.SPLIT
    found: apprise.NotifyBase = sender
    return found


async def vet(url: str, limits: Limits, resolve: Resolve) -> str:
    """What service the address is of. Raises `MessengerRefused` where nothing could be sent."""
    found, scheme = _plugin(url, limits)
    if scheme not in HOSTED:
        await _vet_host(str(getattr(found, "host", "") or ""), scheme in OWN, limits, resolve)
    return str(found.service_name)


async def _vet_host(host: str, by_tls: bool, limits: Limits, resolve: Resolve) -> Sequence[str]:
    """Where the host is, and may be talked to. Raises `MessengerRefused`."""
    try:
        async with asyncio.timeout(_LOOKUP_SECONDS):
            found = await resolve(host) if host else []
    except (OSError, TimeoutError, UnicodeError) as error:
        raise MessengerRefused("Имя узла не найдено в DNS.", field="body.url") from error
    if not found:
        raise MessengerRefused("В адресе нет узла.", field="body.url")
    for one in found:
        address = ip_address(one.partition("%")[0])
        within = is_within(address, limits.webhook_private_networks)
        if not within and not (by_tls and is_public(address)):
            raise MessengerRefused(
                "Имя ведёт в закрытую или служебную сеть, или адрес без TLS.", field="body.url"
            )
    return found


async def send(url: str, title: str, text: str, limits: Limits, resolve: Resolve) -> None:
    """Hand the post over. Raises `NotSent`, and `MessengerRefused` for what is sent nowhere."""
    found, scheme = _plugin(url, limits)
    addresses: Sequence[str] = ()
    if scheme not in HOSTED:
        host = str(getattr(found, "host", "") or "")
        addresses = await _vet_host(host, scheme in OWN, limits, resolve)
    sender = apprise.Apprise()
    sender.add(found)
    with pinned(addresses):
        # Apprise blocks, within time-outs of its own for connecting and reading.
        taken = await asyncio.to_thread(sender.notify, body=text, title=title, body_format="text")
    if not taken:
        raise NotSent("Мессенджер не принял сообщение.")
