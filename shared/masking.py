"""What must not stand in a log: tokens, passwords and keys, by their name and by their look."""

import re
from collections.abc import Mapping, MutableMapping
from typing import Any, Final

MASK: Final = "***"
_NAMES: Final = re.compile(
    r"authori[sz]ation|cookie|passw(or)?d|secret|token|api_?key|private_?key|credential|signature",
    re.IGNORECASE,
)
# `Bearer …`, `Basic …`, a JWT on its own, the password of an address.
_LOOKS: Final = (
    (re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE), rf"\1 {MASK}"),
    (re.compile(r"\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*"), MASK),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@]+@", re.IGNORECASE), rf"\1{MASK}@"),
)
_DEPTH: Final = 6


def mask(value: Any, depth: int = _DEPTH) -> Any:
    """The same without secrets; nested mappings and lists are looked through."""
    if isinstance(value, str):
        for pattern, instead in _LOOKS:
            value = pattern.sub(instead, value)
        return value
    if depth and isinstance(value, Mapping):
        return {
            name: MASK if _is_secret(name) else mask(one, depth - 1) for name, one in value.items()
        }
    if depth and isinstance(value, list | tuple):
        return [mask(one, depth - 1) for one in value]
    return value


def _is_secret(name: object) -> bool:
    return isinstance(name, str) and _NAMES.search(name) is not None


def mask_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """The processor of structlog, before anything is rendered."""
    masked: dict[str, Any] = mask(event)
    return masked
