"""Regions, industries and the reference data they come from, over HTTP."""

from fastapi import APIRouter, Request, Response

from services.directory.repository import regions as repository
from services.directory.schemas.fields import Day
from services.directory.schemas.regions import (
    IndustryList,
    IndustryRead,
    RegionPage,
    RegionRead,
)
from services.directory.service.days import today
from shared import pages
from shared.clock import Now
from shared.db import Session
from shared.permissions import Acting
from shared.problems import problems
from shared.text import Line, RegionCode
from shared.versions import tag

router = APIRouter(prefix="/v1", tags=["regions"])


@router.get("/regions", responses=problems(401, 403, 422), summary="Регионы")
async def list_regions(
    actor: Acting,
    session: Session,
    request: Request,
    response: Response,
    now: Now,
    federal_district: Line | None = None,
    at: Day | None = None,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 100,
) -> RegionPage:
    """89 регионов по алфавиту кратких названий; `at` — с органом власти на дату."""
    after = pages.decode(cursor, tuple[str, str]) if cursor else None
    rows = await repository.list_regions(
        session, federal_district, at=at or today(now), after=after, limit=limit + 1
    )
    page, following = pages.paginate(
        rows, limit, lambda row: (row.sort_key, row.code), request=request, response=response
    )
    items = [RegionRead(**row._mapping) for row in page]
    return RegionPage(items=items, next_cursor=following)


@router.get(
    "/regions/{code}",
    responses=problems(401, 403, 404, 422),
    summary="Регион",
)
async def read_region(
    actor: Acting,
    code: RegionCode,
    session: Session,
    response: Response,
    now: Now,
    at: Day | None = None,
) -> RegionRead:
    """Один регион; `at` — с органом власти на дату."""
    region = await repository.view_region(session, code, at=at or today(now))
    tag(response, region.version)
    return RegionRead(**region._mapping)


@router.get("/industries", responses=problems(401, 403), summary="Отрасли")
async def list_industries(actor: Acting, session: Session) -> IndustryList:
    """Все отрасли."""
    rows = await repository.list_industries(session)
    return IndustryList(items=[IndustryRead.model_validate(row) for row in rows])
