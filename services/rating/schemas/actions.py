"""What a region can do for its score."""

from datetime import date
from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

from services.rating.domain.actions import Move
from services.rating.schemas.head import BasisPoints
from services.rating.schemas.regions import RegionRating

Delta = Annotated[int, Field(ge=-10_000, le=10_000)]
_ACTION: Final[JsonDict] = {
    "execution_id": "0190c5a0-0000-7000-8000-000000000001",
    "execution_url": "/v1/executions/0190c5a0-0000-7000-8000-000000000001",
    "timeline_url": "/v1/executions/0190c5a0-0000-7000-8000-000000000001/timeline",
    "assignment_id": "0190c5a0-0000-7000-8000-000000000002",
    "assignment_number": "1/2023 п. 1",
    "assignment_text": "Представить план загрузки мастерских",
    "cluster_id": "0190c5a0-0000-7000-8000-000000000003",
    "cluster_code": "16-2022-01",
    "cluster_name": "Кластер «Машиностроение» № 1",
    "due": "2023-10-13",
    "due_star": "2023-10-13",
    "weight": 3,
    "move": "hand_in",
    "delta_bp": 170,
    "raw_delta_bp": 181,
    "stabilised_bp": 8812,
    "raw_bp": 8864,
    "place_before": 14,
    "place": 9,
    "sentence": (
        "Закрыть № 1/2023 п. 1 «Представить план загрузки мастерских» сегодня"
        " (Кластер «Машиностроение» № 1, срок 13.10.2023)"
        " → +1,70 балла, 14 → 9 место"
    ),
}


class ActionRead(BaseModel):
    """One open execution and the region's score if it is handed in today. Others stand still."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ACTION]})

    execution_id: UUID
    execution_url: str = Field(max_length=500, description="Само исполнение")
    timeline_url: str = Field(max_length=500, description="Его история словами")
    assignment_id: UUID
    assignment_number: str | None = Field(
        max_length=100, description="null — о поручении ещё не слышно"
    )
    assignment_text: str | None = Field(max_length=10_000)
    cluster_id: UUID | None
    cluster_code: str | None = Field(max_length=64)
    cluster_name: str | None = Field(max_length=300)
    due: date
    due_star: date = Field(description="Срок с учётом дней на доработку после возврата")
    weight: int
    move: Move = Field(
        description="hand_in — сдать сегодня; forward — передать в ЦУР отчёт, который ждёт у"
        " координатора; wait — ждёт рассмотрения, делать нечего"
    )
    delta_bp: Delta | None = Field(description="Прирост балла, по которому даётся место")
    raw_delta_bp: Delta | None
    stabilised_bp: BasisPoints | None = Field(description="Балл после действия")
    raw_bp: BasisPoints | None
    place_before: int | None
    place: int | None = Field(description="Место после действия; остальные регионы неподвижны")
    sentence: str = Field(max_length=700)


class Together(BaseModel):
    """The first actions of the list, all done today."""

    actions: int = Field(description="Сколько первых действий выполнено")
    delta_bp: Delta | None
    raw_delta_bp: Delta | None
    stabilised_bp: BasisPoints | None
    raw_bp: BasisPoints | None
    place_before: int | None
    place: int | None
    sentence: str = Field(max_length=300, examples=["Первые 3 → +4,10 балла, 14 → 6 место"])


class RegionActions(RegionRating):
    """A region's actions, the greatest gain first; what awaits review comes last."""

    today: date = Field(description="День `as_of` в зоне региона: «сегодня» всех действий")
    actions: list[ActionRead] = Field(max_length=100_000)
    together: Together
