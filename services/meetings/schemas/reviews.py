"""Reviews of protocols: approvers, decisions, remarks."""

from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from services.meetings.domain.protocols import ProtocolStatus
from services.meetings.domain.reviews import (
    MAX_APPROVERS,
    MAX_REMARKS,
    ApproverRole,
    RemarkDecision,
    ReviewDecision,
)
from services.meetings.schemas.fields import ITEM_ID, PROTOCOL_ID, Instant, reads
from shared.control import Subject
from shared.text import Text, unfit

_CHAIN: Final[list[JsonDict]] = [
    {"role": "operator", "subject": None},
    {"role": None, "subject": "ivanova"},
    {"role": "cur_admin", "subject": None},
]
_DECISION: Final[JsonDict] = {
    "round": 1,
    "position": 1,
    "decision": "approved",
    "by": "operator",
    "reason": None,
    "at": "2023-10-05T09:00:00Z",
}
_REMARK: Final[JsonDict] = {
    "id": "0190c5a0-0000-7000-8000-000000000301",
    "protocol_id": PROTOCOL_ID,
    "round": 1,
    "item_id": ITEM_ID,
    "text": "Срок совпадает с каникулами, просим 27 октября.",
    "made_by": "coordinator-16",
    "region": "16",
    "made_at": "2023-10-04T14:00:00Z",
    "decision": "accepted",
    "reason": "Срок перенесён.",
    "decided_by": "secretary",
    "decided_at": "2023-10-05T07:00:00Z",
    "version": 2,
}


class ApproverWrite(BaseModel):
    """One place in the chain: a role, or a person."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_CHAIN[0]]})

    role: ApproverRole | None = None
    subject: Subject | None = Field(default=None, description="Кто именно (sub токена)")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.role is None) == (self.subject is None):
            raise unfit("Укажите либо роль, либо человека")
        return self


class ApproversWrite(BaseModel):
    """The chain in its order; an empty one leaves the approval to ЦУР's administrator alone."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"approvers": list(_CHAIN)}]}
    )

    approvers: list[ApproverWrite] = Field(max_length=MAX_APPROVERS)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        named = [(one.role, one.subject) for one in self.approvers]
        if len(set(named)) != len(named):
            raise unfit("Согласующий назван дважды")
        return self


class ReviewOpen(BaseModel):
    """How a review begins."""

    model_config = ConfigDict(extra="forbid")

    remarks_until: Instant | None = Field(
        default=None,
        description="До какого момента участники присылают замечания; без него — без замечаний",
        examples=["2023-10-05T18:00:00+03:00"],
    )


class ReviewReason(BaseModel):
    """Why the protocol goes back to its writer."""

    model_config = ConfigDict(extra="forbid")

    reason: Text = Field(examples=["В пункте 2 не назван ответственный."])


class RemarkWrite(BaseModel):
    """What a participant asks to change."""

    model_config = ConfigDict(extra="forbid")

    item_id: UUID | None = Field(
        default=None, description="О каком пункте; без него — о протоколе", examples=[ITEM_ID]
    )
    text: Text = Field(examples=["Срок совпадает с каникулами, просим 27 октября."])


class RemarkAnswer(BaseModel):
    """Why the remark is accepted or declined."""

    model_config = ConfigDict(extra="forbid")

    reason: Text = Field(examples=["Срок перенесён."])


class RemarksDecline(BaseModel):
    """Which remarks are declined at once, and why."""

    model_config = ConfigDict(extra="forbid")

    remarks: list[UUID] = Field(
        min_length=1, max_length=MAX_REMARKS, examples=[[str(_REMARK["id"])]]
    )
    reason: Text = Field(examples=["Повторяют одно и то же; ответ дан на первое."])


class RemarkRead(BaseModel):
    """A remark and what became of it."""

    model_config = reads(_REMARK)

    id: UUID
    protocol_id: UUID
    round: int
    item_id: UUID | None
    text: str = Field(max_length=10_000)
    made_by: str = Field(max_length=128)
    region: str | None = Field(max_length=2)
    made_at: AwareDatetime
    decision: RemarkDecision | None = Field(description="Пока не рассмотрено — null")
    reason: str | None = Field(max_length=10_000)
    decided_by: str | None = Field(max_length=128)
    decided_at: AwareDatetime | None
    version: int


class RemarkList(BaseModel):
    """Remarks in the order they were made."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_REMARK]}]})

    items: list[RemarkRead] = Field(max_length=MAX_REMARKS)


class DecisionRead(BaseModel):
    """What somebody decided in a round."""

    model_config = reads(_DECISION)

    round: int
    position: int | None = Field(description="Место в цепочке; null — отозвал секретарь")
    decision: ReviewDecision
    by: str = Field(max_length=128)
    reason: str | None = Field(max_length=10_000)
    at: AwareDatetime


class ApproverRead(BaseModel):
    """A place in the chain, and whether its approval is given in the present round."""

    model_config = reads({"position": 1, "role": "operator", "subject": None, "approved": True})

    position: int
    role: ApproverRole | None
    subject: str | None = Field(max_length=128)
    approved: bool


class ReviewRead(BaseModel):
    """Where the review of a protocol stands."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "protocol_id": PROTOCOL_ID,
                    "status": "in_review",
                    "round": 1,
                    "remarks_until": "2023-10-05T15:00:00Z",
                    "approvers": [
                        {"position": 1, "role": "operator", "subject": None, "approved": True},
                        {"position": 2, "role": None, "subject": "ivanova", "approved": False},
                        {"position": 3, "role": "cur_admin", "subject": None, "approved": False},
                    ],
                    "awaited": 2,
                    "remarks": 4,
                    "remarks_undecided": 0,
                    "decisions": [_DECISION],
                }
            ]
        }
    )

    protocol_id: UUID
    status: ProtocolStatus
    round: int = Field(description="Который раз протокол на согласовании")
    remarks_until: AwareDatetime | None
    approvers: list[ApproverRead] = Field(max_length=MAX_APPROVERS)
    awaited: int | None = Field(description="Чьего решения ждут; null — ничьего")
    remarks: int
    remarks_undecided: int
    decisions: Annotated[list[DecisionRead], Field(max_length=1000)]
