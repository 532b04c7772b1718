"""Channels, their members and messengers, posts and acknowledgements."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import PydanticCustomError

from services.directory.domain.channels import MOST_MEMBERS, ChannelKind, DeliveryState
from services.directory.schemas.fields import EXAMPLE_ID, Cohort, Day, example
from shared.pages import Page
from shared.text import Code, Line, Text

_LONGEST_POST = 4000


class ChannelCreate(BaseModel):
    """A new channel; both days are its, no last day means until further notice."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "kind": "unified",
                    "name": "Координаторы «Профессионалитета»",
                    "valid_from": "2023-09-18",
                }
            ]
        },
    )

    kind: ChannelKind
    name: Line
    cohort: Cohort | None = None
    industry: Code | None = None
    valid_from: Day
    valid_to: Day | None = None


class ChannelPatch(BaseModel):
    """What may change of a channel; what is left out stays. A last day of null is none."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"valid_to": "2023-12-31"}]}
    )

    name: Line | SkipJsonSchema[None] = None
    valid_to: Day | None = None

    @field_validator("name")
    @classmethod
    def _is_something(cls, value: object) -> object:
        """Null is no name; leaving the field out is how it stays."""
        if value is None:
            raise PydanticCustomError("null_not_allowed", "Null is not a value here")
        return value


class ChannelRead(BaseModel):
    """A channel."""

    model_config = example(
        id=EXAMPLE_ID, kind="cohort", name="Победители 2022 года", cohort=2022, industry=None,
        valid_from="2022-09-01", valid_to="2023-09-17",
        merged_into="0190c5a0-0000-7000-8000-0000000000bb", version=2,
    )  # fmt: skip

    id: UUID
    kind: ChannelKind
    name: str = Field(max_length=300)
    cohort: int | None
    industry: str | None = Field(max_length=64)
    valid_from: date
    valid_to: date | None
    merged_into: UUID | None = Field(description="Где канал продолжается после последнего дня")
    version: int


class ChannelPage(Page[ChannelRead]):
    """A page of channels."""


class MergeWrite(BaseModel):
    """From which day the cohorts' channels go on in this one; none named, all that are open."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"on": "2023-09-18"}]}
    )

    on: Day
    channels: list[UUID] | None = Field(default=None, min_length=1, max_length=50)


class Merged(BaseModel):
    """The channel that goes on, and those that have become part of it."""

    into: ChannelRead
    channels: list[ChannelRead] = Field(max_length=100)


class MemberRead(BaseModel):
    """Who belongs to a channel, by which office."""

    model_config = example(
        seat="coordinator:16", office="coordinator", region="16", region_name="Татарстан",
        person_id=EXAMPLE_ID, full_name="Иванова Анна Сергеевна",
    )  # fmt: skip

    seat: str = Field(max_length=80)
    office: str = Field(max_length=40)
    region: str | None = Field(max_length=2)
    region_name: str | None = Field(max_length=300)
    person_id: UUID
    full_name: str = Field(max_length=300)


class Members(BaseModel):
    """Everyone who belongs to a channel on the date; nobody while it is not open."""

    at: date
    total: int
    items: list[MemberRead] = Field(max_length=MOST_MEMBERS)


class TargetCreate(BaseModel):
    """A messenger: an address as apprise writes it; it is not shown again."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"label": "Чат в Telegram", "url": "tgram://123456789:secret/-1001234567890"}
            ]
        },
    )

    label: Line
    url: Annotated[SecretStr, Field(min_length=8, max_length=2000)]


class TargetRead(BaseModel):
    """A messenger without its address."""

    model_config = example(
        id=EXAMPLE_ID, label="Чат в Telegram", service="Telegram",
        created_at="2023-09-15T09:00:00Z",
    )  # fmt: skip

    id: UUID
    label: str = Field(max_length=300)
    service: str = Field(max_length=100)
    created_at: AwareDatetime


class TargetList(BaseModel):
    """The messengers of a channel."""

    items: list[TargetRead] = Field(max_length=100)


class PostCreate(BaseModel):
    """What is said."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "title": "Совещание в среду",
                    "text": "4 октября в 10:00 — первое единое совещание. Подтвердите участие.",
                }
            ]
        },
    )

    title: Line
    text: Annotated[Text, Field(max_length=_LONGEST_POST)]


class PostRead(BaseModel):
    """A post, how it went out, and how many have acknowledged it."""

    model_config = example(
        id=EXAMPLE_ID, channel_id=EXAMPLE_ID, title="Совещание в среду",
        text="4 октября в 10:00.", posted_by="secretary", posted_at="2023-10-02T09:00:00Z",
        expected=178, acknowledged=120, missing=58, prepared=0, sent=1, failed=0,
    )  # fmt: skip

    id: UUID
    channel_id: UUID
    title: str = Field(max_length=300)
    text: str = Field(max_length=_LONGEST_POST)
    posted_by: str = Field(max_length=200)
    posted_at: AwareDatetime
    expected: int = Field(description="От скольких ждут подтверждения")
    acknowledged: int
    missing: int
    prepared: int = Field(description="Скольким мессенджерам ещё отправляется")
    sent: int
    failed: int


class PostPage(Page[PostRead]):
    """A page of posts."""


class SeatRead(BaseModel):
    """Whose acknowledgement is expected, and when it came."""

    model_config = example(
        seat="coordinator:16", office="coordinator", region="16", region_name="Татарстан",
        person_id=EXAMPLE_ID, full_name="Иванова Анна Сергеевна", acknowledged_at=None,
        acknowledged_by=None,
    )  # fmt: skip

    seat: str = Field(max_length=80)
    office: str = Field(max_length=40)
    region: str | None = Field(max_length=2)
    region_name: str | None = Field(max_length=300)
    person_id: UUID
    full_name: str = Field(max_length=300)
    acknowledged_at: AwareDatetime | None
    acknowledged_by: str | None = Field(max_length=200)


class SeatPage(Page[SeatRead]):
    """A page of acknowledgements."""


class DeliveryRead(BaseModel):
    """A post on its way to one messenger."""

    model_config = example(
        id=EXAMPLE_ID, target_id=EXAMPLE_ID, label="Чат в Telegram", service="Telegram",
        state="sent", attempts=1, last_error=None, sent_at="2023-10-02T09:00:01Z",
    )  # fmt: skip

    id: UUID
    target_id: UUID
    label: str = Field(max_length=300)
    service: str = Field(max_length=100)
    state: DeliveryState
    attempts: int
    last_error: str | None = Field(max_length=500)
    sent_at: AwareDatetime | None


class DeliveryList(BaseModel):
    """How a post went out."""

    items: list[DeliveryRead] = Field(max_length=100)
