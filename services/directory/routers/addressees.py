"""Who is addressed, over HTTP."""

from fastapi import APIRouter

from services.directory.schemas.addressees import AddresseeRead, Addressees, AddresseesQuery
from services.directory.service import addressees as service
from shared.db import Session
from shared.permissions import Acting
from shared.problems import problems

router = APIRouter(prefix="/v1", tags=["regions"])


@router.post(
    "/addressees/resolve",
    responses=problems(401, 403, 422),
    summary="Кому адресовано",
    tags=["addressees"],
)
async def resolve_addressees(
    actor: Acting, wanted: AddresseesQuery, session: Session
) -> Addressees:
    """Действующие кластеры (или органы власти), подходящие под отбор на дату."""
    rows = await service.resolve_addressees(session, wanted)
    items = [AddresseeRead(**row._mapping) for row in rows]
    return Addressees(at=wanted.at, items=items)
