"""Channels of coordinators, what is posted in them, and what is refused."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.errors import Conflict, Invalid, NotFound

# With the pauses below: half a day of a messenger's silence.
ATTEMPTS: Final = 32
CURATOR: Final = "curator"
MOST_TARGETS: Final = 10
# Two seats of each of 89 regions, and room for curators.
MOST_MEMBERS: Final = 1000


class ChannelKind(StrEnum):
    """Whose channel it is."""

    # All coordinators of the country and their deputies.
    UNIFIED = "unified"
    # The coordinators of regions where clusters of one year's winners are.
    COHORT = "cohort"
    # The coordinators of regions where an industry's clusters are.
    INDUSTRY = "industry"


class DeliveryState(StrEnum):
    """Where a post stands on its way to one messenger."""

    PREPARED = "prepared"
    SENT = "sent"
    # The messenger refused it too often, or for good.
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Member:
    """Who belongs to a channel, and by which seat: `coordinator:16`."""

    seat: str
    office: str
    # None for those who are no region's.
    region: str | None
    region_name: str | None
    person_id: UUID
    full_name: str


class ChannelNotFound(NotFound):
    """No channel has this id."""

    code = "channel_not_found"
    title = "Канал не найден"


class TargetNotFound(NotFound):
    """The channel has no such messenger."""

    code = "channel_target_not_found"
    title = "Мессенджер не найден"


class PostNotFound(NotFound):
    """The channel has no such post, or not for the caller."""

    code = "post_not_found"
    title = "Сообщение не найдено"


class ScopeMismatch(Invalid):
    """A cohort's channel has a cohort, an industry's an industry, the unified one neither."""

    code = "channel_scope_mismatch"
    title = "Вид канала не подходит"


class ChannelDatesReversed(Invalid):
    """The last day comes before the first."""

    code = "channel_dates_reversed"
    title = "Даты перепутаны"


class ChannelOverlaps(Conflict):
    """There is such a channel on some of these days."""

    code = "channel_overlaps"
    title = "Такой канал на эти даты уже есть"


class ChannelClosed(Conflict):
    """It is not open on this day."""

    code = "channel_closed"
    title = "Канал закрыт"


class ChannelMerged(Conflict):
    """It has become part of another one."""

    code = "channel_merged"
    title = "Канал объединён с другим"


class MergeRefused(Conflict):
    """The channels cannot become one like this."""

    code = "channel_merge_refused"
    title = "Каналы нельзя объединить"


class MessengerRefused(Invalid):
    """It is no messenger posts go out to."""

    code = "messenger_refused"
    title = "На такой адрес не отправляем"


class TooManyTargets(Conflict):
    """A channel goes out to a bounded number of messengers."""

    code = "too_many_channel_targets"
    title = "Слишком много мессенджеров"


def scope_of(kind: ChannelKind, cohort: int | None, industry: str | None) -> str:
    """What at most one channel is for on any day: `cohort:2022`. Raises `ScopeMismatch`."""
    match kind, cohort, industry:
        case ChannelKind.UNIFIED, None, None:
            return "unified"
        case ChannelKind.COHORT, int(), None:
            return f"cohort:{cohort}"
        case ChannelKind.INDUSTRY, None, str():
            return f"industry:{industry}"
    raise ScopeMismatch(
        "Каналу когорты нужен cohort, отраслевому — industry, единому — ни того, ни другого.",
        field="body.kind",
    )


def is_open(valid_from: date, valid_to: date | None, day: date) -> bool:
    """Whether the day is one of the channel's; both ends are."""
    return valid_from <= day and (valid_to is None or day <= valid_to)


def pause_before(attempt: int) -> int:
    """Seconds to wait before the attempt number `attempt` (from 2 on): doubling, half an hour
    at most.
    """
    return min(5 << (attempt - 2), 1800)
