"""A protocol's content as bytes, and the hash that seals them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID

from services.meetings.domain.items import USUAL
from services.meetings.domain.meetings import Series
from shared.errors import Conflict
from shared.events.meetings import Addressees, Control, Priority

MAX_PROTOCOL_ITEMS: Final = 100


# The event carries the whole protocol, and Kafka's own limit for a message is 1 MiB.
MAX_CONTENT_BYTES: Final = 900_000


class ProtocolTooLarge(Conflict):
    """The protocol holds as much as it may: items, or text and addressees in all."""

    code = "protocol_too_large"
    title = "Протокол слишком большой"


@dataclass(frozen=True, slots=True)
class MeetingContent:
    """The meeting, as far as its protocol repeats it."""

    id: UUID
    title: str
    series: Series
    starts_at: datetime
    duration_minutes: int
    place: str | None


@dataclass(frozen=True, slots=True)
class ItemContent:
    """What one item says."""

    id: UUID
    position: int
    text: str
    priority: Priority
    due_on: date | None
    addressees: Addressees
    agenda_item_id: UUID | None
    closes_on: str | None
    control: Control = USUAL
    supersedes: UUID | None = None


@dataclass(frozen=True, slots=True)
class Heading:
    """What a protocol says besides its items: whom it corrects, who chaired and was there."""

    header: Mapping[str, Any] = field(default_factory=dict)
    corrects: UUID | None = None


NO_HEADING: Final = Heading()


def canonical(
    meeting: MeetingContent, items: Sequence[ItemContent], heading: Heading = NO_HEADING
) -> bytes:
    """The content as bytes that depend on nothing else: what `content_hash` seals.

    UTF-8 JSON without spaces, keys sorted, characters not escaped, null where there is nothing:
    `{"items": [...], "meeting": {...}}`. A meeting is `duration_minutes, id, place, series,
    starts_at, title`, with the instant in UTC as `2023-10-04T07:00:00Z` (a fraction of a second
    only where there is one). Items stand by position; an item is `addressees, agenda_item_id,
    closes_on, due_on, id, position, priority, text`, and its addressees are `clusters, cohorts,
    industries, kind, regions`, each list sorted as it is stored. An item that is not controlled
    the usual way has `control` as well, the whole of it; one that takes another's place has
    `supersedes`. Beside them stand `corrects`, the protocol an addendum corrects, and `header`
    (`chair, present, secretary`), each only where there is one. The number, the year and the
    dates of signing are not part of it.
    """
    starts_at = meeting.starts_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    content: dict[str, Any] = {
        "meeting": {
            "id": str(meeting.id),
            "title": meeting.title,
            "series": meeting.series,
            "starts_at": starts_at,
            "duration_minutes": meeting.duration_minutes,
            "place": meeting.place,
        },
        "items": [
            {
                "id": str(item.id),
                "position": item.position,
                "text": item.text,
                "priority": item.priority,
                "due_on": item.due_on.isoformat() if item.due_on else None,
                "addressees": item.addressees.model_dump(mode="json"),
                "agenda_item_id": str(item.agenda_item_id) if item.agenda_item_id else None,
                "closes_on": item.closes_on,
                **(
                    {"control": item.control.model_dump(mode="json")}
                    if item.control != USUAL
                    else {}
                ),
                **({"supersedes": str(item.supersedes)} if item.supersedes else {}),
            }
            for item in sorted(items, key=lambda item: item.position)
        ],
    }
    if heading.corrects is not None:
        content["corrects"] = str(heading.corrects)
    if heading.header:
        content["header"] = dict(heading.header)
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def content_hash(
    meeting: MeetingContent, items: Sequence[ItemContent], heading: Heading = NO_HEADING
) -> str:
    """SHA-256 of `canonical`, in hexadecimal."""
    return hashlib.sha256(canonical(meeting, items, heading)).hexdigest()


def check_size(meeting: MeetingContent, items: Sequence[ItemContent]) -> None:
    """Raises `ProtocolTooLarge`."""
    if len(items) > MAX_PROTOCOL_ITEMS:
        raise ProtocolTooLarge(f"В протоколе может быть не больше {MAX_PROTOCOL_ITEMS} пунктов.")
    if len(canonical(meeting, items)) > MAX_CONTENT_BYTES:
        raise ProtocolTooLarge(
            "Тексты и списки адресатов вместе слишком велики. Сократите их или отберите"
            " адресатов по региону, году и отрасли."
        )
