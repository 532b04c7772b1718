"""Which methodology is in force, and its μ."""

from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.methodologies import RERU_1, Methodology
from services.rating.domain.periods import Period

METHODOLOGY: Final = RERU_1


async def mu_of(session: AsyncSession, period: Period, methodology: Methodology) -> int:
    """μ, in basis points: constant during a period, so one region never moves another's score.

    No slice has been frozen yet, so it is the methodology's initial value.
    """
    return methodology.initial_mu
