"""Secrets of others, as they lie in our tables: sealed, so that a copy of the database has none.

Those that webhooks are signed with, and the addresses of messengers. A token by Fernet (AES-128-CBC
and HMAC-SHA256) behind a prefix; a value without it is of a time before seals, and read as it is.
"""

import base64
from collections.abc import Sequence
from typing import Annotated, ClassVar, Final, Self

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from fastapi import Depends, Request

from shared.errors import Unavailable
from shared.settings import ServiceSettings

_PREFIX: Final = "sealed:"


class SealBroken(Unavailable):
    """There is no key to seal with, or not the one that a secret was sealed with."""

    code: ClassVar[str] = "seal_broken"
    title: ClassVar[str] = "Секрет не запечатать или не прочесть"


def _derived(key: str) -> bytes:
    """The key in the length that Fernet wants, whatever it was made with (HKDF, RFC 5869)."""
    found = HKDF(SHA256(), length=32, salt=None, info=b"seals").derive(key.encode())
    return base64.urlsafe_b64encode(found)


class Seals:
    """Seals with the first of the keys, opens with any."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [Fernet(_derived(key)) for key in keys]

    @classmethod
    def of(cls, settings: ServiceSettings) -> Self:
        """With the keys of the settings; without any where they name none."""
        return cls(settings.keys_of_seals)

    def seal(self, text: str) -> str:
        """What to keep instead of the text. Raises `SealBroken` where there is no key."""
        if not self._keys:
            raise SealBroken("Ключ не задан (SEALING_KEYS): секреты принять нельзя.")
        return _PREFIX + self._keys[0].encrypt(text.encode()).decode()

    def open(self, kept: str) -> str:
        """The text. Raises `SealBroken` where none of the keys is the one."""
        if not kept.startswith(_PREFIX):
            return kept
        token = kept.removeprefix(_PREFIX)
        for key in self._keys:
            try:
                return key.decrypt(token).decode()
            except InvalidToken:
                continue
        raise SealBroken("Среди ключей (SEALING_KEYS) нет того, которым запечатан секрет.")

    def renewed(self, kept: str) -> str:
        """The same sealed with the first key, where it is not already and can be."""
        if not kept or not self._keys or self._is_current(kept):
            return kept
        try:
            return self.seal(self.open(kept))
        except SealBroken:
            # The key may come back; that it is missing is told where the text is needed.
            return kept

    def _is_current(self, kept: str) -> bool:
        if not kept.startswith(_PREFIX):
            return False
        try:
            self._keys[0].decrypt(kept.removeprefix(_PREFIX))
        except InvalidToken:
            return False
        return True


async def _seals(request: Request) -> Seals:
    return Seals.of(request.state.settings)


Sealing = Annotated[Seals, Depends(_seals)]
