"""Who is addressed as of a date."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.addressees import (
    MAX_ADDRESSEES,
    SelectorNotForAuthorities,
    TooManyAddressees,
)
from services.directory.domain.clusters import UnknownCluster
from services.directory.domain.regions import UnknownIndustry, UnknownRegion
from services.directory.models import (
    Cluster,
    Industry,
    Region,
)
from services.directory.repository import addressees as repository
from services.directory.repository import rows
from services.directory.repository.addressees import Selector
from services.directory.schemas.addressees import AddresseesQuery


async def resolve_addressees(session: AsyncSession, wanted: AddresseesQuery) -> Sequence[Row[Any]]:
    """Who is addressed as of the date.

    Raises `SelectorNotForAuthorities`, `UnknownRegion`, `UnknownIndustry`, `UnknownCluster`,
    `TooManyAddressees`.
    """
    if wanted.kind == "authority":
        for name in ("clusters", "cohorts", "industries"):
            if getattr(wanted, name):
                raise SelectorNotForAuthorities(
                    "Органам власти адресуют по регионам, а не по кластерам.", field=f"body.{name}"
                )
    for field, refusal, column, values in (
        ("regions", UnknownRegion, Region.code, wanted.regions),
        ("industries", UnknownIndustry, Industry.code, wanted.industries),
        ("clusters", UnknownCluster, Cluster.id, wanted.clusters),
    ):
        missing = set(values) - await rows.existing(session, column, values)
        if missing:
            some = ", ".join(sorted(map(str, missing))[:5])
            raise refusal(f"Нет в справочнике: {some}.", field=f"body.{field}")
    limit = MAX_ADDRESSEES + 1
    if wanted.kind == "authority":
        found = await repository.resolve_authorities(
            session, wanted.regions, at=wanted.at, limit=limit
        )
    else:
        selector = Selector(wanted.clusters, wanted.regions, wanted.cohorts, wanted.industries)
        found = await repository.resolve_clusters(session, selector, at=wanted.at, limit=limit)
    if len(found) > MAX_ADDRESSEES:
        raise TooManyAddressees(f"Адресатов больше {MAX_ADDRESSEES}: уточните отбор.", field="body")
    return found
