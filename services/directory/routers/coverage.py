"""What is missing, over HTTP."""

from fastapi import APIRouter

from services.directory.domain.coverage import Gap
from services.directory.schemas.coverage import Coverage, GapRead
from services.directory.schemas.fields import Day
from services.directory.schemas.regions import RegionName
from services.directory.service import coverage as service
from services.directory.service.days import today
from shared.clock import Now
from shared.db import Session
from shared.permissions import Acting
from shared.problems import problems

router = APIRouter(prefix="/v1", tags=["regions"])


@router.get("/regions/coverage", responses=problems(401, 403, 422), summary="Покрытие")
async def read_coverage(
    actor: Acting, session: Session, now: Now, at: Day | None = None
) -> Coverage:
    """Чего недостаёт регионам и действующим кластерам на дату: координаторов, руководителей…

    Регион без руководителя органа власти виден здесь до среза: письмо ему не уйдёт.
    """
    day = at or today(now)
    gaps = await service.coverage(session, day)
    vacant = next(gap for gap in gaps if gap.kind is Gap.COORDINATOR)
    return Coverage(
        at=day,
        total=vacant.total,
        appointed=vacant.total - vacant.missing,
        vacant=vacant.missing,
        vacant_regions=[RegionName(code=one.region, name=one.name) for one in vacant.items],
        gaps=[GapRead.model_validate(gap) for gap in gaps],
    )
