"""The audit trail over REST: who did what, when, by which request."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator
from pydantic_core import from_json
from sqlmodel import col, select

from shared import pages
from shared.clock import Instant
from shared.db import Session
from shared.permissions import Acting
from shared.problems import problems
from shared.tables import AuditLink, AuditRecord
from shared.text import Line

Value = str | int | bool | None
_Exactly = Annotated[Line | None, Query()]


class AuditChange(BaseModel):
    """Что стало со строкой; сразу многие строки — только числом. Персональное и секреты — `***`."""

    table: str = Field(max_length=100, examples=["appointments"])
    done: Literal["insert", "update", "delete", "copy"]
    key: list[Value] | None = Field(default=None, max_length=10)
    before: dict[str, Value] | None = Field(
        default=None, examples=[{"valid_to": None, "version": 1}]
    )
    after: dict[str, Value] | None = Field(
        default=None, examples=[{"valid_to": "2023-10-31", "version": 2}]
    )
    rows: int | None = Field(default=None, description="Сколько строк изменил один оператор")


class AuditEntry(BaseModel):
    """Одна команда: кто, что, каким запросом и что изменил; тела нет, только его хеш."""

    model_config = ConfigDict(from_attributes=True)

    position: int = Field(examples=[1024])
    at: AwareDatetime = Field(description="Момент запроса")
    recorded_at: AwareDatetime = Field(description="Когда записано, по часам базы")
    actor: str = Field(max_length=300, examples=["coordinator-16"], description="sub токена")
    roles: str = Field(max_length=300, examples=["coordinator"])
    operation: str = Field(
        max_length=200, examples=["submit_execution"], description="operationId из OpenAPI"
    )
    method: str = Field(max_length=10, examples=["POST"])
    target: str = Field(
        max_length=300,
        examples=["/v1/executions/0190c5a0-0000-7000-8000-000000000012/submit"],
    )
    status: int = Field(examples=[200])
    request_id: str | None = Field(
        max_length=100,
        examples=["0190c5a0-0000-7000-8000-000000000001"],
        description="X-Request-ID: он же в журнале и в событиях запроса",
    )
    body_sha256: str | None = Field(max_length=64, examples=["9f86d081" * 8])
    changes: list[AuditChange] = Field(default=[], max_length=500)
    seq: int | None = Field(default=None, description="Номер звена; null, пока не связано")
    hash: str | None = Field(default=None, max_length=64, examples=["60303ae2" * 8])

    @field_validator("changes", mode="before")
    @classmethod
    def _as_stored(cls, given: object) -> object:
        return from_json(given) if isinstance(given, str) else given or []


class AuditPage(pages.Page[AuditEntry]):
    """Страница журнала действий, новые сверху."""


router = APIRouter(prefix="/v1/audit", tags=["audit"])


@router.get("", responses=problems(401, 403, 422), summary="Журнал действий")
async def list_audit(
    actor_asking: Acting,
    session: Session,
    request: Request,
    response: Response,
    actor: _Exactly = None,
    operation: _Exactly = None,
    request_id: _Exactly = None,
    since: Annotated[Instant | None, Query(description="С этого момента включительно")] = None,
    until: Annotated[Instant | None, Query(description="До этого момента, не включая")] = None,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> AuditPage:
    """Кто, что, когда и каким запросом изменил; отказы ничего не меняют, и их здесь нет."""
    exactly = {"actor": actor, "operation": operation, "request_id": request_id}
    conditions = [
        col(getattr(AuditRecord, name)) == value
        for name, value in exactly.items()
        if value is not None
    ]
    if since is not None:
        conditions.append(col(AuditRecord.at) >= since)
    if until is not None:
        conditions.append(col(AuditRecord.at) < until)
    after = pages.decode(cursor, int) if cursor else None
    statement = (
        select(AuditRecord, AuditLink)
        .join(AuditLink, col(AuditLink.position) == col(AuditRecord.position), isouter=True)
        .where(*conditions)
        .order_by(col(AuditRecord.position).desc())
        .limit(limit + 1)
    )
    if after is not None:
        statement = statement.where(col(AuditRecord.position) < after)
    rows = (await session.exec(statement)).all()
    page, following = pages.paginate(
        rows, limit, lambda row: row[0].position, request=request, response=response
    )
    return AuditPage(items=[_entry(*row) for row in page], next_cursor=following)


def _entry(record: AuditRecord, link: AuditLink | None) -> AuditEntry:
    entry = AuditEntry.model_validate(record)
    if link is None:
        return entry
    return entry.model_copy(update={"seq": link.seq, "hash": link.hash.hex()})
