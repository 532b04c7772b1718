"""Facts published by the rating service: where a region stands, and months frozen."""

from typing import ClassVar, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from shared.events.base import Event, partition_of

ZoneName = Literal["green", "yellow", "red"]


class StandingChanged(Event):
    """What a region's executions of a month add up to has changed.

    All of it is the region's own, so it names no place: another region's event would move it.
    """

    type: ClassVar = "rating.standing.changed.v1"
    topic: ClassVar = "rating.standings"

    period: str
    region: str
    methodology: str
    methodology_version: int
    numerator: int
    weight: int
    executions: int
    on_time: int
    debts: int
    provisional: int
    delay: int
    returns: int
    extensions: int
    raw_bp: int | None
    zone: ZoneName | None

    @property
    def key(self) -> str:
        return f"{self.period}/{self.region}"

    @property
    def partition(self) -> int:
        return partition_of(self.region)


class SliceLine(BaseModel):
    """A region's line of a slice."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    region: str
    raw_bp: int | None
    stabilised_bp: int | None
    zone: ZoneName | None
    place: int | None


class SliceEvent(Event):
    """A month's rating as frozen, and how far it has been told."""

    topic: ClassVar = "rating.slices"

    slice_id: UUID
    period: str
    revision: int
    reason: str | None
    status: Literal["frozen", "sent", "published"]
    methodology: str
    methodology_version: int
    mu_bp: int
    national_raw_bp: int | None
    inputs_hash: str
    result_hash: str
    frozen_at: AwareDatetime
    items: tuple[SliceLine, ...]

    @property
    def key(self) -> str:
        return str(self.slice_id)


class SliceFrozen(SliceEvent):
    """The month was frozen for the first time."""

    type: ClassVar = "rating.slice.frozen.v1"


class SliceRevised(SliceEvent):
    """The month was frozen once more, with facts corrected since; the reason says why."""

    type: ClassVar = "rating.slice.revised.v1"


class SliceSent(SliceEvent):
    """Every letter to a head of an authority is decided."""

    type: ClassVar = "rating.slice.sent.v1"


class SlicePublished(SliceEvent):
    """The slice was published."""

    type: ClassVar = "rating.slice.published.v1"
