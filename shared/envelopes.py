"""One event, two shapes: CloudEvents' Kafka binary binding, and a line of the feed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from pydantic import ValidationError
from pydantic_core import to_json

from shared.events.base import Checkpoint, checkpoint_type, dataschema

Headers = list[tuple[str, bytes]]
JSON_TYPE: Final = b"application/json"


class Message(msgspec.Struct, frozen=True, gc=False):
    """An event as a consumer meets it, whether it came by broker or by feed.

    `data` is the event's JSON text; `seq` is None for a checkpoint, which has no number.
    """

    topic: str
    partition: int
    type: str
    id: str
    seq: int | None
    data: bytes

    @property
    def is_checkpoint(self) -> bool:
        return self.type == checkpoint_type(self.topic)

    def checkpoint(self) -> Checkpoint:
        """Raises `Unreadable` where the data is not a checkpoint's."""
        try:
            return Checkpoint.model_validate_json(self.data)
        except ValidationError as error:
            raise Unreadable(str(error)) from error

    def envelope(self) -> dict[str, Any]:
        """For a dead letter: everything known of the message, whatever its data is."""
        return {
            "topic": self.topic,
            "partition": self.partition,
            "type": self.type,
            "id": self.id,
            "seq": self.seq,
            "data": self.data.decode(errors="backslashreplace").replace("\x00", "\\x00"),
        }


class Unreadable(ValueError):
    """The record is not an event of ours: a header is missing, or something is not as it should."""


class _Line(msgspec.Struct, gc=False):
    """A line of the feed; what it carries is passed on as it is."""

    type: str
    id: str
    data: msgspec.Raw
    seq: int | None = None


def _attributes(
    topic: str, type_: str, event_id: UUID | str, key: str, time: datetime
) -> dict[str, str]:
    return {
        "id": str(event_id),
        "source": f"/{topic.split('.', 1)[0]}",
        "type": type_,
        "subject": key,
        "time": time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "dataschema": dataschema(type_),
    }


def kafka_headers(
    topic: str, type_: str, event_id: UUID | str, key: str, time: datetime, seq: int | None
) -> Headers:
    """CloudEvents 1.0, binary mode: attributes in `ce_*`, and our `seq`."""
    attributes = _attributes(topic, type_, event_id, key, time)
    headers = [("ce_specversion", b"1.0"), ("content-type", JSON_TYPE)]
    headers += [(f"ce_{name}", value.encode()) for name, value in attributes.items()]
    if seq is not None:
        headers.append(("seq", str(seq).encode()))
    return headers


def feed_line(
    topic: str,
    type_: str,
    event_id: UUID | str,
    key: str,
    time: datetime,
    seq: int | None,
    data: str,
) -> bytes:
    """The same envelope as one JSON line; `data` goes in as the text it is stored as."""
    attributes = {"specversion": "1.0", **_attributes(topic, type_, event_id, key, time)}
    if seq is not None:
        attributes["seq"] = seq  # type: ignore[assignment]
    return to_json(attributes)[:-1] + b',"data":' + data.encode() + b"}\n"


def from_record(
    topic: str, partition: int, headers: Sequence[tuple[str, bytes]], value: bytes | None
) -> Message:
    """Read a Kafka record. Raises `Unreadable`."""
    found = dict(headers)
    type_ = found.get("ce_type", b"").decode(errors="replace")
    if not type_:
        raise Unreadable("no ce_type header")
    seq: int | None = None
    if type_ != checkpoint_type(topic):
        raw = found.get("seq", b"")
        if not (raw.isdigit() and len(raw) < 19 and int(raw) > 0):
            raise Unreadable("no seq header")
        seq = int(raw)
    event_id = found.get("ce_id", b"").decode(errors="replace")
    return Message(topic, partition, type_, event_id, seq, value or b"")


def from_feed(topic: str, partition: int, line: bytes) -> Message:
    """Read a line of the feed. Raises `Unreadable`."""
    try:
        found = msgspec.json.decode(line, type=_Line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable(str(error)) from error
    return Message(topic, partition, found.type, found.id, found.seq, bytes(found.data))
