"""Who is expected, who answered, who came."""

from datetime import date
from typing import Annotated, Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.meetings.domain.matching import CANDIDATES, Certainty
from services.meetings.domain.participation import (
    MAX_LIST_ROWS,
    Answer,
    Attendance,
    ParticipantKind,
)
from services.meetings.schemas.fields import MEETING_ID, reads
from shared.text import Text

PARTICIPANT_ID: Final = "0190c5a0-0000-7000-8000-000000000300"
IMPORT_ID: Final = "0190c5a0-0000-7000-8000-000000000301"
MAX_PARTICIPANTS: Final = 5_000
MAX_NAME: Final = 400
ListRowNumber = Annotated[int, Field(strict=True, ge=1, le=MAX_LIST_ROWS)]
_SEAT: Final[JsonDict] = {
    "participant_id": PARTICIPANT_ID,
    "kind": "cluster",
    "region": "16",
    "name": "Кластер «Машиностроение» Республики Татарстан",
    "offices": [],
    "answer": "yes",
    "answer_reason": None,
    "attendance": "attended",
    "note": None,
}
_TALLY: Final[JsonDict] = {
    "region": "16",
    "expected": 9,
    "attended": 5,
    "late": 1,
    "excused": 1,
    "absent": 2,
    "share_bp": 7500,
}
_ROW: Final[JsonDict] = {
    "row": 2,
    "name": "Татарстан, кластер машиностроения",
    "certainty": "sure",
    "participant_id": PARTICIPANT_ID,
    "confidence": 96,
    "late": False,
    "candidates": [{"participant_id": PARTICIPANT_ID, "confidence": 96, "name": "Кластер"}],
}


class RsvpWrite(BaseModel):
    """Whether an expected one will come."""

    model_config = ConfigDict(extra="forbid")

    participant_id: UUID = Field(examples=[PARTICIPANT_ID])
    answer: Answer = Field(examples=["yes"])
    reason: Text | None = Field(default=None, description="Обязательна, если участия не будет")


class SeatRead(BaseModel):
    """Someone expected, and what is known of their coming; null where nothing is."""

    model_config = reads(_SEAT)

    participant_id: UUID
    kind: ParticipantKind
    region: str = Field(max_length=2)
    name: str = Field(max_length=MAX_NAME)
    offices: list[str] = Field(
        max_length=2, description="Должности приглашённого: coordinator, deputy; у кластера — нет"
    )
    answer: Answer | None
    answer_reason: str | None = Field(max_length=10_000)
    attendance: Attendance | None
    note: str | None = Field(max_length=10_100)


class SeatList(BaseModel):
    """All who are expected and whom the reader may see."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"meeting_id": MEETING_ID, "items": [_SEAT]}]}
    )

    meeting_id: UUID
    items: list[SeatRead] = Field(max_length=MAX_PARTICIPANTS)


class MarkWrite(BaseModel):
    """Whether an expected one was there."""

    model_config = ConfigDict(extra="forbid")

    participant_id: UUID = Field(examples=[PARTICIPANT_ID])
    attendance: Attendance = Field(examples=["attended"])
    note: Text | None = Field(default=None, description="Обязательна для уважительной причины")


class MarksWrite(BaseModel):
    """Who was there."""

    model_config = ConfigDict(extra="forbid")

    items: list[MarkWrite] = Field(min_length=1, max_length=MAX_PARTICIPANTS)


class TallyRead(BaseModel):
    """How a region's clusters attended; the share leaves out excused and unmarked ones."""

    model_config = reads(_TALLY)

    region: str = Field(max_length=2)
    expected: int
    attended: int
    late: int
    excused: int
    absent: int
    share_bp: int | None = Field(description="Доля присутствовавших, сотые доли процента")


class AttendanceRead(BaseModel):
    """A meeting's attendance by region."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"meeting_id": MEETING_ID, "regions": [_TALLY]}]}
    )

    meeting_id: UUID
    regions: list[TallyRead] = Field(max_length=100)


class RegionAttendance(TallyRead):
    """A region's attendance over several meetings."""

    model_config = reads({**_TALLY, "meetings": 4})

    meetings: int = Field(description="В скольких совещаниях отмечена посещаемость")


class AttendanceSummary(BaseModel):
    """Attendance by region over days of Moscow; shown, and of no weight in the score."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "since": "2023-10-01",
                    "until": "2023-10-31",
                    "regions": [{**_TALLY, "meetings": 4}],
                }
            ]
        }
    )

    since: date
    until: date
    regions: list[RegionAttendance] = Field(max_length=100)


class CandidateRead(BaseModel):
    """Whom a name may mean, and how much it looks like it, in percent."""

    participant_id: UUID
    confidence: int
    name: str = Field(max_length=MAX_NAME)


class ImportRowRead(BaseModel):
    """A line of the list, and whom it was taken for."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ROW]})

    row: int = Field(description="Номер строки в файле")
    name: str = Field(max_length=300)
    certainty: Certainty
    participant_id: UUID | None
    confidence: int = Field(description="Сходство в процентах")
    late: bool
    candidates: list[CandidateRead] = Field(max_length=CANDIDATES)


class AttendanceImportRead(BaseModel):
    """A list as it was read: nothing is marked until it is committed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": IMPORT_ID,
                    "meeting_id": MEETING_ID,
                    "filename": "uchastniki.csv",
                    "sure": 1,
                    "likely": 0,
                    "unknown": 0,
                    "missing": 8,
                    "rows": [_ROW],
                    "created_at": "2023-10-04T09:00:00Z",
                    "committed_at": None,
                }
            ]
        }
    )

    id: UUID
    meeting_id: UUID
    filename: str = Field(max_length=300)
    sure: int
    likely: int = Field(description="Нужно подтвердить")
    unknown: int
    missing: int = Field(description="Скольких ожидаемых в списке точно нет")
    rows: list[ImportRowRead] = Field(max_length=MAX_LIST_ROWS)
    created_at: AwareDatetime
    committed_at: AwareDatetime | None


class CorrectionWrite(BaseModel):
    """Whom a line means; null for nobody expected."""

    model_config = ConfigDict(extra="forbid")

    row: ListRowNumber = Field(examples=[3])
    participant_id: UUID | None = Field(examples=[PARTICIPANT_ID])


class CommitWrite(BaseModel):
    """What a person has decided about the lines that were not sure."""

    model_config = ConfigDict(extra="forbid")

    corrections: list[CorrectionWrite] = Field(default_factory=list, max_length=MAX_LIST_ROWS)
    mark_absent: bool = Field(
        default=True,
        strict=True,
        description="Кого в списке нет, тот отсутствовал (или предупредил заранее)",
    )
