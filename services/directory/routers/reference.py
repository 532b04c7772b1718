"""Reference data over HTTP."""

from fastapi import APIRouter

from services.directory.schemas.reference import Loaded, ReferenceLoaded
from services.directory.service import reference as service
from shared.clock import Now
from shared.db import Session
from shared.permissions import Acting
from shared.problems import problems

router = APIRouter(prefix="/v1", tags=["regions"])


@router.post(
    "/reference-data/load",
    responses=problems(401, 403),
    summary="Загрузить справочные данные",
)
async def load_reference_data(actor: Acting, session: Session, now: Now) -> ReferenceLoaded:
    """Регионы, отрасли, организации и ассоциации из поставки; повтор ничего не меняет."""
    counts = await service.load_reference_data(session, now=now)
    return ReferenceLoaded(
        regions=_loaded(counts.regions),
        industries=_loaded(counts.industries),
        organisations=_loaded(counts.organisations),
        associations=_loaded(counts.associations),
        roadmaps=_loaded(counts.roadmaps),
    )


def _loaded(counts: service.Counts) -> Loaded:
    return Loaded(created=counts.created, changed=counts.changed, unchanged=counts.unchanged)
