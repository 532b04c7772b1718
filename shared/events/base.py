"""What all events have in common: type, topic, key, partition, and the envelope they travel in."""

import builtins
import functools
import zlib
from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, Final, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

PARTITIONS: Final = 12


def partition_of(text: str) -> int:
    """The partition of a region code (or of a key, where there is no region).

    CRC-32 of the UTF-8 text modulo 12: part of the contract, so one region's facts stay together
    and an integrator can compute it in any language.
    """
    return zlib.crc32(text.encode()) % PARTITIONS


class Event(BaseModel):
    """A fact another service may rely on: what happened, and the aggregate's whole facts after it.

    `version` grows by one with every change of the aggregate, so a consumer that keeps the
    newest version needs nothing else.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: ClassVar[str]
    topic: ClassVar[str]

    version: int
    occurred_at: AwareDatetime

    @property
    @abstractmethod
    def key(self) -> str:
        """The aggregate's id."""

    @property
    def partition(self) -> int:
        """Where it travels; events with a region override this with the region's partition."""
        return partition_of(self.key)

    @classmethod
    def concrete(cls) -> "Iterator[builtins.type[Self]]":
        """The event and its subclasses, those that have a type of their own."""
        if "type" in cls.__dict__:
            yield cls
        for child in cls.__subclasses__():
            yield from child.concrete()


class Envelope(BaseModel):
    """An event on its way: CloudEvents attributes, its `seq` in the partition, and the data."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    source: str
    type: str
    subject: str
    time: AwareDatetime
    dataschema: str
    seq: int
    data: dict[str, Any]


class Checkpoint(BaseModel):
    """No event dated `through` or earlier will get a `seq` above `last_seq` in this partition.

    `head_seq` and `head_id` are the newest event numbered when this was said (0 and null before
    the first). A consumer that has heard more, or another event under this number, knows that the
    producer's log is not the one it has read: an older backup was restored.
    """

    model_config = ConfigDict(frozen=True)

    through: AwareDatetime
    last_seq: int
    head_seq: int | None = None
    head_id: str | None = None


@functools.cache
def checkpoint_type(topic: str) -> str:
    """`assignments.executions` → `assignments.checkpoint.v1`."""
    return f"{topic.split('.', 1)[0]}.checkpoint.v1"


def dataschema(type_: str) -> str:
    """Where the type is described: a fragment of the AsyncAPI document."""
    return f"/asyncapi.json#/components/schemas/{type_}"
