"""Whose meetings a calendar feed shows, and the secret that opens it."""

import hashlib
import secrets
from enum import StrEnum
from typing import Final

from shared.errors import NotFound

_TOKEN_BYTES: Final = 32


class FeedKind(StrEnum):
    """Meetings of a series, those a region's clusters belong at, or a person's."""

    SERIES = "series"
    REGION = "region"
    PERSON = "person"


class FeedNotFound(NotFound):
    """The address opens nothing (any more), or the feed is somebody else's."""

    code = "calendar_feed_not_found"
    title = "Календарь не найден"


def new_token() -> str:
    """256 bits nobody can guess, fit for an address."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def hash_of(token: str) -> str:
    """What is kept of a token: a leaked database opens no calendar."""
    return hashlib.sha256(token.encode()).hexdigest()
