"""A rating that has heard of some regions, clusters and executions."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.facts import Facts
from services.rating.models import Cluster, ExecutionFacts, ExecutionVersion, Region
from services.rating.repository.newest import table_of

HEARD_AT: Final = datetime(2023, 10, 1, tzinfo=UTC)
_REGIONS: Final = {
    "16": ("Татарстан", "ПФО", "Europe/Moscow"),
    "41": ("Камчатка", "ДФО", "Asia/Kamchatka"),
    "54": ("Новосибирская область", "СФО", "Asia/Novosibirsk"),
    "77": ("Москва", "ЦФО", "Europe/Moscow"),
}


async def hear(session: AsyncSession, facts: Iterable[Facts]) -> None:
    """Regions, a cluster and executions, as if heard long ago."""
    for code, (name, district, zone) in _REGIONS.items():
        names = {"name": name, "short_name": name, "federal_district": district}
        session.add(Region(code=code, timezone=zone, version=1, **names))
    session.add(
        Cluster(
            cluster_id=UUID(int=200),
            code="16-2022-01",
            name="Кластер «Машиностроение» № 1",
            region="16",
            industry="mechanical-engineering",
            cohort=2022,
            status="active",
            version=1,
        )
    )
    for one in facts:
        await say(session, one, HEARD_AT)


async def say(session: AsyncSession, one: Facts, at: datetime) -> None:
    """One more version of an execution's facts, dated `at`: told, and the newest where it is."""
    told = {**asdict(one), "submitted_at": None, "occurred_at": at}
    session.add(ExecutionVersion(**told))
    await session.flush()
    statement = upsert(table_of(ExecutionFacts)).values(told)
    await (await session.connection()).execute(
        statement.on_conflict_do_update(
            index_elements=["execution_id"],
            set_={name: statement.excluded[name] for name in told},
            where=table_of(ExecutionFacts).c.version < statement.excluded.version,
        )
    )
