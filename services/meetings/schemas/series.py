"""Series of meetings."""

from datetime import date, time
from typing import Annotated, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.meetings.domain.agendas import AgendaKind
from services.meetings.domain.meetings import Series
from services.meetings.domain.series import MAX_WEEKS_AHEAD
from services.meetings.schemas.fields import Duration, reads
from shared.pages import Page
from shared.recurrence import MAX_RULE
from shared.text import Code, Line, Text
from shared.wall_time import WallTime
from shared.workdays import FIRST_YEAR, LAST_YEAR

SERIES_ID: Final = "0190c5a0-0000-7000-8000-000000000200"
# The production calendar must know a year more than the series' first day.
SeriesDay = Annotated[date, Field(ge=date(FIRST_YEAR, 1, 1), le=date(LAST_YEAR - 2, 12, 31))]


_TEMPLATE: Final[JsonDict] = {
    "kind": "operational",
    "text": "Оперативные задачи проекта",
    "presenter": None,
    "duration_minutes": 20,
}
_SERIES: Final[JsonDict] = {
    "code": "unified",
    "audience": "unified",
    "title": "Еженедельное совещание с регионами",
    "rule": "FREQ=WEEKLY;BYDAY=WE",
    "starts_on": "2023-10-04",
    "ends_on": None,
    "start_time": "10:00:00",
    "duration_minutes": 90,
    "place": "Видеоконференция",
    "agenda_template": [_TEMPLATE],
    "skip_holidays": True,
    "weeks_ahead": 6,
    "freeze_minutes": 60,
}
_EXCEPTION: Final[JsonDict] = {
    "series_id": SERIES_ID,
    "on_date": "2023-11-29",
    "reason": "Выездной день координаторов",
    "created_at": "2023-10-20T09:00:00Z",
    "created_by": "secretary",
}
_READ: Final[JsonDict] = {
    "id": SERIES_ID,
    **_SERIES,
    "timezone": "Europe/Moscow",
    "made_through": "2023-11-15",
    "created_at": "2023-10-02T09:00:00Z",
    "version": 1,
}


class TemplateItem(BaseModel):
    """A question that stands on the agenda of every meeting of the series."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_TEMPLATE]})

    kind: AgendaKind
    text: Text
    presenter: Line | None = None
    duration_minutes: Duration | None = None


class SeriesCreate(BaseModel):
    """A meeting that comes again; times are Moscow's."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_SERIES]})

    code: Code
    audience: Series = Field(description="Чьи совещания: две серии одних участников не совпадут")
    title: Line
    rule: str = Field(min_length=1, max_length=MAX_RULE, description="RFC 5545 RRULE, целые дни")
    starts_on: SeriesDay
    ends_on: SeriesDay | None = Field(default=None, description="Последний день, включительно")
    start_time: WallTime = time(10)
    duration_minutes: Duration = 90
    place: Line | None = "Видеоконференция"
    agenda_template: list[TemplateItem] = Field(default_factory=list, max_length=20)
    skip_holidays: bool = Field(
        default=True, strict=True, description="В нерабочие дни серия не собирается"
    )
    weeks_ahead: int = Field(default=6, strict=True, ge=1, le=MAX_WEEKS_AHEAD)
    freeze_minutes: int = Field(
        default=60,
        strict=True,
        ge=0,
        le=7 * 24 * 60,
        description="За сколько минут до начала фиксируется повестка",
    )


class SeriesRead(BaseModel):
    """A series without the days it leaves out."""

    model_config = reads(_READ)

    id: UUID
    code: str = Field(max_length=64)
    audience: Series
    title: str = Field(max_length=300)
    rule: str = Field(max_length=MAX_RULE)
    starts_on: date
    ends_on: date | None
    start_time: time
    timezone: str = Field(max_length=64)
    duration_minutes: int
    place: str | None = Field(max_length=300)
    agenda_template: list[TemplateItem] = Field(max_length=20)
    skip_holidays: bool
    weeks_ahead: int
    freeze_minutes: int
    made_through: date | None = Field(description="По какой день совещания уже назначены")
    created_at: AwareDatetime
    version: int


class SeriesPage(Page[SeriesRead]):
    """A page of series."""


class SeriesExceptionCreate(BaseModel):
    """A day to leave out, and why."""

    model_config = ConfigDict(extra="forbid")

    on_date: SeriesDay = Field(examples=["2023-11-29"])
    reason: Text = Field(examples=["Выездной день координаторов"])


class SeriesExceptionRead(BaseModel):
    """A day the series leaves out."""

    model_config = reads(_EXCEPTION)

    series_id: UUID
    on_date: date
    reason: str = Field(max_length=10_000)
    created_at: AwareDatetime
    created_by: str = Field(max_length=300)


class SeriesDetail(SeriesRead):
    """A series with the days it leaves out."""

    model_config = reads({**_READ, "exceptions": [_EXCEPTION]})

    exceptions: list[SeriesExceptionRead] = Field(max_length=10_000)


class SeriesEnd(BaseModel):
    """The series' last day."""

    model_config = ConfigDict(extra="forbid")

    ends_on: SeriesDay = Field(examples=["2023-10-03"])


class SeriesLoaded(BaseModel):
    """What loading the shipped series did."""

    model_config = ConfigDict(
        from_attributes=True, json_schema_extra={"examples": [{"created": 4, "unchanged": 0}]}
    )

    created: int
    unchanged: int
