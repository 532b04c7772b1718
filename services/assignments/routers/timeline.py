"""The readable history of an execution over HTTP."""

from uuid import UUID

from fastapi import APIRouter

from services.assignments.domain.timeline import Entry, who
from services.assignments.routers.access import sees_people
from services.assignments.schemas.timeline import Timeline, TimelineEntry, TimelineParty
from services.assignments.service import timeline as service
from shared.db import Session
from shared.permissions import Acting
from shared.problems import problems

router = APIRouter(prefix="/v1/executions", tags=["executions"])


@router.get(
    "/{execution_id}/timeline",
    responses=problems(401, 403, 404, 422),
    summary="Лента исполнения",
)
async def read_timeline(actor: Acting, execution_id: UUID, session: Session) -> Timeline:
    """Всё, что было с исполнением, словами и по порядку: шаги, сроки, подзадачи, соисполнители."""
    with_people = sees_people(actor)
    entries = await service.tell(session, execution_id, actor)
    return Timeline(items=[_entry(entry, with_people=with_people) for entry in entries])


def _entry(entry: Entry, *, with_people: bool) -> TimelineEntry:
    return TimelineEntry(
        at=entry.at,
        kind=entry.kind,
        title=entry.title,
        text=entry.text,
        evidence=list(entry.evidence),
        notes=list(entry.notes),
        by=TimelineParty(
            party=entry.party,
            name=who(entry.party, deputy=entry.deputy),
            deputy=entry.deputy,
            subject=entry.subject if with_people else None,
        ),
    )
