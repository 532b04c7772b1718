"""Regions, industries and the reference data they come from, over HTTP."""

from datetime import date

from fastapi import APIRouter, Request, Response

from services.directory.models import Region
from services.directory.repository import regions as repository
from services.directory.routers.access import Reader
from services.directory.schemas.regions import (
    Coverage,
    IndustryList,
    IndustryRead,
    RegionName,
    RegionPage,
    RegionRead,
)
from services.directory.service import regions as service
from shared import pages
from shared.clock import MOSCOW, Now
from shared.db import Session
from shared.problems import problems
from shared.text import Line, RegionCode
from shared.versions import tag

router = APIRouter(prefix="/v1", tags=["regions"])


@router.get("/regions", responses=problems(401, 403, 422), summary="Регионы")
async def list_regions(
    actor: Reader,
    session: Session,
    request: Request,
    response: Response,
    federal_district: Line | None = None,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 100,
) -> RegionPage:
    """89 регионов по алфавиту кратких названий."""
    after = pages.decode(cursor, tuple[str, str]) if cursor else None
    rows = await repository.list_regions(session, federal_district, after=after, limit=limit + 1)
    page, following = pages.paginate(
        rows, limit, lambda row: (row.sort_key, row.code), request=request, response=response
    )
    items = [RegionRead.model_validate(row) for row in page]
    return RegionPage(items=items, next_cursor=following)


@router.get("/regions/coverage", responses=problems(401, 403, 422), summary="Покрытие")
async def read_coverage(
    actor: Reader, session: Session, now: Now, at: date | None = None
) -> Coverage:
    """Сколько регионов имеют координатора на дату и в каких его нет."""
    day = at or now.astimezone(MOSCOW).date()
    total, vacant = await service.coverage(session, day)
    return Coverage(
        at=day,
        total=total,
        appointed=total - len(vacant),
        vacant=len(vacant),
        vacant_regions=[RegionName.model_validate(region) for region in vacant],
    )


@router.get(
    "/regions/{code}",
    response_model=RegionRead,
    responses=problems(401, 403, 404, 422),
    summary="Регион",
)
async def read_region(
    actor: Reader, code: RegionCode, session: Session, response: Response
) -> Region:
    """Один регион."""
    region = await repository.get_region(session, code)
    tag(response, region.version)
    return region


@router.get("/industries", responses=problems(401, 403), summary="Отрасли")
async def list_industries(actor: Reader, session: Session) -> IndustryList:
    """Все отрасли."""
    rows = await repository.list_industries(session)
    return IndustryList(items=[IndustryRead.model_validate(row) for row in rows])
