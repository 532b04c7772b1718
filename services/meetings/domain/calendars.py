"""Whose meetings a calendar feed shows, and the secret that opens it."""

import hashlib
import secrets
from enum import StrEnum
from typing import Final

from shared.errors import Conflict, NotFound

_TOKEN_BYTES: Final = 32
# Every region's and some people's; whoever needs more has lost count of them.
MAX_FEEDS: Final = 200
# How many feeds a list has room for, those closed included.
SHOWN_FEEDS: Final = 1000


class FeedKind(StrEnum):
    """Meetings of a series, those a region's clusters belong at, or a person's."""

    SERIES = "series"
    REGION = "region"
    PERSON = "person"


class FeedNotFound(NotFound):
    """The address opens nothing (any more), or the feed is somebody else's."""

    code = "calendar_feed_not_found"
    title = "Календарь не найден"


class TooManyFeeds(Conflict):
    """The actor has as many open feeds as one may."""

    code = "too_many_calendar_feeds"
    title = "Слишком много подписок"


def new_token() -> str:
    """256 bits nobody can guess, fit for an address."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def hash_of(token: str) -> str:
    """What is kept of a token: a leaked database opens no calendar."""
    return hashlib.sha256(token.encode()).hexdigest()
