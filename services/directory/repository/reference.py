"""Reference data, entered by one at a time."""

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

_ALONE_IN_REFERENCE_DATA = text(
    "lock table regions, industries, organisations, relations, associations"
    " in share row exclusive mode"
)


async def lock_reference_data(session: AsyncSession) -> None:
    """Wait until nobody else enters any of these; readers go on."""
    await (await session.connection()).execute(_ALONE_IN_REFERENCE_DATA)
