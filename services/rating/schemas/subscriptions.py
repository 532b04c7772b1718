"""Subscriptions as clients see them. A secret is shown once, when it is made."""

from typing import Annotated, Final, Literal, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from services.rating.domain.webhooks import EventType, SubscriptionStatus
from shared.clock import Instant
from shared.pages import Page
from shared.seals import Seals
from shared.text import Line, RegionCode, clean_line, unfit

_URL: Final = "https://monitoring.example.ru/hooks/rating"
# The specification's own example.
_SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105
_LONGEST_OVERLAP: Final = 168

Url = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000),
    Field(
        examples=[_URL],
        description="https, порт 443, узел в публичном интернете; проверяется и при отправке",
    ),
    AfterValidator(clean_line),
]
EventTypes = Annotated[
    list[EventType],
    Field(min_length=1, max_length=10, examples=[["rating.slice.frozen.v1"]]),
]
Regions = Annotated[
    list[RegionCode],
    Field(
        min_length=1,
        max_length=100,
        examples=[["16"]],
        description="Только для rating.standings.changed.v1; null — все регионы",
    ),
]


class SubscriptionCreate(BaseModel):
    """Where to push what."""

    model_config = ConfigDict(extra="forbid")

    url: Url
    description: Line | None = Field(default=None, examples=["Платформа мониторинга"])
    event_types: EventTypes
    regions: Regions | None = None


class SubscriptionChange(BaseModel):
    """What to set; what is not named stays."""

    model_config = ConfigDict(extra="forbid")

    url: Url | None = None
    description: Line | None = Field(default=None, examples=["Платформа мониторинга"])
    event_types: EventTypes | None = None
    regions: Regions | None = None
    status: Literal[SubscriptionStatus.ACTIVE, SubscriptionStatus.PAUSED] | None = Field(
        default=None,
        description="На паузе доставки копятся; отключённую включает POST …/enable",
    )

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.model_fields_set:
            raise unfit("Укажите, что изменить")
        never_null = self.model_fields_set - {"description", "regions"}
        if any(getattr(self, name) is None for name in never_null):
            raise unfit("null бывает только у description и regions")
        return self


class SubscriptionRead(BaseModel):
    """A subscription and how it fares."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    owner: str = Field(max_length=200)
    url: str = Field(max_length=2000, examples=[_URL])
    description: str | None = Field(max_length=300)
    event_types: list[EventType] = Field(max_length=10)
    regions: list[str] | None = Field(max_length=100)
    status: SubscriptionStatus
    reason: str | None = Field(max_length=300, description="Почему отключена")
    failing_since: AwareDatetime | None = Field(description="С какой отправки подряд неудачи")
    delivered_at: AwareDatetime | None = Field(description="Последняя удачная доставка")
    previous_secret_until: AwareDatetime | None = Field(
        description="До какого момента подписывает и прежний секрет"
    )
    created_at: AwareDatetime
    version: int


class SubscriptionSecret(SubscriptionRead):
    """The subscription with its secret, which is not shown again."""

    secret: str = Field(max_length=200, examples=[_SECRET])


def opened(kept: str, seals: Seals) -> str:
    """The JSON of a `SubscriptionSecret` as its owner gets it. Raises `SealBroken`."""
    found = SubscriptionSecret.model_validate_json(kept)
    found.secret = seals.open(found.secret)
    return found.model_dump_json()


class SubscriptionPage(Page[SubscriptionRead]):
    """Subscriptions, the newest first."""


class SecretRotate(BaseModel):
    """How long the receiver has to change over."""

    model_config = ConfigDict(extra="forbid")

    overlap_hours: int = Field(
        default=24,
        strict=True,
        ge=0,
        le=_LONGEST_OVERLAP,
        description="Сколько часов подписывает и прежний секрет; 0 — он утёк, сменить сразу",
    )


class ReplayStart(BaseModel):
    """From where to send again: one of the two."""

    model_config = ConfigDict(extra="forbid")

    event_id: UUID | None = Field(
        default=None, description="webhook-id события: начиная с него, включительно"
    )
    since: Instant | None = Field(default=None, description="События этого момента и позже")

    @model_validator(mode="after")
    def _one_of_two(self) -> Self:
        if (self.event_id is None) == (self.since is None):
            raise unfit("Укажите либо event_id, либо since")
        return self


class ReplayRead(BaseModel):
    """What was put on its way."""

    model_config = ConfigDict(from_attributes=True)

    deliveries: int = Field(description="Сколько событий среза отправляется снова")
    standings: bool = Field(description="Будут ли отправлены строки рейтинга")
