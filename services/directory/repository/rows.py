"""What every noun's statements have in common."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.channels import ChannelOverlaps
from services.directory.domain.clusters import ClusterCodeTaken
from services.directory.domain.organisations import CodeTaken
from shared.errors import Conflict

M = TypeVar("M", bound=SQLModel)


_REFUSALS: dict[str, Conflict] = {
    "ex_channels_one_at_a_time": ChannelOverlaps(
        "Такой канал на эти даты уже есть.", field="body.valid_from"
    ),
    "uq_clusters_code": ClusterCodeTaken("Кластер с таким кодом уже есть.", field="body.code"),
    "uq_organisations_code": CodeTaken("Организация с таким кодом уже есть.", field="body.code"),
}


async def save(session: AsyncSession, *changed: SQLModel) -> None:
    """Write new or changed rows. Raises the named conflict of the constraint they break."""
    session.add_all(changed)
    try:
        await session.flush()
    except IntegrityError as error:
        name = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)
        refusal = _REFUSALS.get(str(name))
        if refusal is None:
            raise
        raise type(refusal)(str(refusal), field=refusal.field) from error


async def all_of(session: AsyncSession, model: type[M]) -> Sequence[M]:
    """Every row of a small table."""
    return (await session.exec(select(model))).all()


async def existing(session: AsyncSession, column: Any, values: Sequence[Any]) -> set[Any]:
    """Which of the values the column has."""
    if not values:
        return set()
    return set((await session.exec(select(column).where(col(column).in_(values)))).all())
