"""Calendar feeds."""

from typing import Final, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from services.meetings.domain.calendars import SHOWN_FEEDS, FeedKind
from services.meetings.domain.meetings import Series
from services.meetings.schemas.fields import reads
from shared.text import RegionCode, unfit

FEED_ID: Final = "0190c5a0-0000-7000-8000-000000000400"
_WANTED: Final[JsonDict] = {"kind": "region", "region": "16"}
_FEED: Final[JsonDict] = {
    "id": FEED_ID,
    "kind": "region",
    "series": None,
    "region": "16",
    "person_id": None,
    "created_at": "2023-10-02T09:00:00Z",
    "revoked_at": None,
}
_SUBJECT: Final = {
    FeedKind.SERIES: "series",
    FeedKind.REGION: "region",
    FeedKind.PERSON: "person_id",
}


class FeedCreate(BaseModel):
    """Whose meetings to show: exactly the one field that the kind names."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_WANTED]})

    kind: FeedKind
    series: Series | None = None
    region: RegionCode | None = None
    person_id: UUID | None = None

    @model_validator(mode="after")
    def _of_its_kind(self) -> Self:
        given = {name for name in _SUBJECT.values() if getattr(self, name) is not None}
        if given != {_SUBJECT[self.kind]}:
            raise unfit(f"Для этого вида укажите {_SUBJECT[self.kind]}, и только его")
        return self


class FeedRead(BaseModel):
    """A feed without its secret."""

    model_config = reads(_FEED)

    id: UUID
    kind: FeedKind
    series: Series | None
    region: str | None = Field(max_length=2)
    person_id: UUID | None
    created_at: AwareDatetime
    revoked_at: AwareDatetime | None


class FeedCreated(FeedRead):
    """A new feed and its address, which is said this once."""

    model_config = reads({**_FEED, "path": "/v1/calendars/Zq3…w.ics"})

    path: str = Field(max_length=200, description="Адрес для подписки; другого раза не будет")


class FeedList(BaseModel):
    """The actor's feeds."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_FEED]}]})

    items: list[FeedRead] = Field(max_length=SHOWN_FEEDS)
