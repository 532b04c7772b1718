"""Roadmaps of associations over HTTP, and the policy behind them."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from services.directory.domain.roadmaps import MilestoneState
from services.directory.repository import roadmaps as repository
from services.directory.schemas.fields import Day
from services.directory.schemas.roadmaps import (
    DocumentAttach,
    MilestoneRead,
    MilestoneSummary,
    PolicyRead,
    RoadmapRead,
    RoadmapSummary,
)
from services.directory.service import roadmaps as service
from services.directory.service.roadmaps import Standing
from shared.clock import MOSCOW, Now
from shared.db import Session
from shared.permissions import Acting
from shared.problems import problems
from shared.text import Code
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1", tags=["roadmaps"])
Year = Annotated[int, Path(ge=2023, le=2100, examples=[2023])]


def roadmap_read(code: str, year: int, at: date, found: list[Standing]) -> RoadmapRead:
    """The roadmap as it is answered."""
    items = [MilestoneRead.model_validate(service.plain(one)) for one in found]
    done = sum(one.state is MilestoneState.DONE for one in found)
    return RoadmapRead(association=code, year=year, at=at, done=done, items=items)


@router.get(
    "/associations/{code}/roadmaps/{year}",
    responses=problems(401, 403, 404, 422),
    summary="Дорожная карта ассоциации",
)
async def read_roadmap(
    actor: Acting, code: Code, year: Year, session: Session, now: Now, at: Day | None = None
) -> RoadmapRead:
    """Вехи года на дату: выполнена та, у которой есть все результаты до одного."""
    day = at or now.astimezone(MOSCOW).date()
    return roadmap_read(code, year, day, await service.roadmap_of(session, code, year, actor, day))


@router.get(
    "/roadmaps/{year}",
    responses=problems(401, 403, 404, 422),
    summary="Вехи года по всем ассоциациям",
)
async def read_roadmap_summary(
    actor: Acting, year: Year, session: Session, now: Now, at: Day | None = None
) -> RoadmapSummary:
    """Сколько ассоциаций прошли каждую веху, сколько опаздывает и кто ещё не прошёл."""
    day = at or now.astimezone(MOSCOW).date()
    found = await service.summary(session, year, actor, day)
    return RoadmapSummary(year=year, at=day, items=[_summary(ones) for ones in found.values()])


def _summary(ones: list[Standing]) -> MilestoneSummary:
    milestone = ones[0].milestone
    states = [one.state for one in ones]
    return MilestoneSummary(
        code=milestone.code,
        title=milestone.title,
        due_on=milestone.due_on,
        associations=len(ones),
        done=states.count(MilestoneState.DONE),
        late=states.count(MilestoneState.LATE),
        at_risk=states.count(MilestoneState.AT_RISK),
        not_done=[
            one.milestone.association for one in ones if one.state is not MilestoneState.DONE
        ],
    )


@router.post(
    "/associations/{code}/deliverables/{deliverable_id}/document",
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Приложить документ",
)
async def attach_document(
    actor: Acting,
    code: Code,
    deliverable_id: UUID,
    wanted: DocumentAttach,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> MilestoneRead:
    """Документ, который и есть результат; If-Match — версия вехи. Прежний заменяется."""
    found = await service.attach_document(
        session, code, deliverable_id, wanted, actor, now=now, expected_version=expected_version
    )
    tag(response, found.milestone.version)
    return MilestoneRead.model_validate(service.plain(found))


@router.get(
    "/association-policy", responses=problems(401, 403, 404, 422), summary="Правила ассоциаций"
)
async def read_association_policy(
    actor: Acting, session: Session, now: Now, at: Day | None = None
) -> PolicyRead:
    """Числа, по которым веха под угрозой, практика отобрана, а лидер предложен."""
    day = at or now.astimezone(MOSCOW).date()
    found = await repository.policy_version_at(session, day)
    return PolicyRead.model_validate(found, from_attributes=True)
