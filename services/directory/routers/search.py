"""Search over HTTP."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query

from services.directory.domain.search import Found
from services.directory.routers.reach import PeopleLister
from services.directory.schemas.search import Hit, SearchResult, Words
from services.directory.service import search as service
from shared.db import Session
from shared.problems import problems

router = APIRouter(prefix="/v1", tags=["search"])
_NOUNS: Final = {
    Found.REGION: "regions",
    Found.CLUSTER: "clusters",
    Found.ORGANISATION: "organisations",
    Found.PERSON: "people",
}


@router.get("/search", responses=problems(401, 403, 422), summary="Поиск по названию")
async def search_directory(
    actor: PeopleLister,
    session: Session,
    q: Annotated[Words, Query(description="Слова в любой форме; опечатки прощаются")],
    kind: Annotated[
        list[Found] | None, Query(max_length=4, description="Что искать; без него — всё")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
) -> SearchResult:
    """Регионы, кластеры, организации; людей находят те, кому можно читать их список."""
    rows = await service.search(session, q, kind or (), actor, limit=limit)
    return SearchResult(items=[_hit(row) for row in rows])


def _hit(row: Any) -> Hit:
    kind = Found(row.kind)
    return Hit(
        kind=kind,
        id=None if kind is Found.REGION else UUID(row.key),
        code=row.code,
        name=row.name,
        region=row.region,
        score=round(row.score, 3),
        read_at=f"/v1/{_NOUNS[kind]}/{row.key}",
    )
