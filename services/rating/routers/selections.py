"""The filters and orders that lists of lines take."""

from typing import Annotated, TypeVar

from fastapi import Depends, Query

from services.rating.domain.scores import Zone
from services.rating.domain.selections import RegionSort, Sort, Wanted, select
from services.rating.schemas.clusters import ClusterRowRead
from services.rating.schemas.groups import GroupRowRead
from services.rating.schemas.regions import RegionRow
from shared.text import Line

R = TypeVar("R", bound=RegionRow)

District = Annotated[
    Line | None,
    Query(
        max_length=64, description="Федеральный округ, как он назван в строках", examples=["ПФО"]
    ),
]
Order = Annotated[
    Sort, Query(description="С минусом — по убыванию; строки без значения всегда в конце")
]
RegionOrder = Annotated[
    RegionSort, Query(description="С минусом — по убыванию; строки без значения всегда в конце")
]


async def wanted_lines(
    zone: Annotated[
        list[Zone] | None, Query(max_length=len(Zone), description="Можно назвать несколько")
    ] = None,
    min_executions: Annotated[
        int, Query(ge=0, le=1_000_000, description="Учтено исполнений не меньше")
    ] = 0,
    q: Annotated[
        Line | None,
        Query(
            max_length=100,
            description="Слова названия или код; без учёта регистра, «ё» и «е» равны",
            examples=["татарстан"],
        ),
    ] = None,
) -> Wanted:
    """The filters as the selection takes them."""
    return Wanted(frozenset(zone or ()), min_executions, q or "")


Filters = Annotated[Wanted, Depends(wanted_lines)]


def select_regions(rows: list[R], district: str | None, wanted: Wanted, sort: str) -> list[R]:
    """Regions' lines of a district, or of all, that are wanted, in this order."""
    return select(
        [row for row in rows if district in (None, row.federal_district)],
        wanted,
        sort,
        key=lambda row: row.region,
        name=lambda row: row.short_name,
        texts=lambda row: (row.region, row.name, row.short_name),
    )


def select_groups(rows: list[GroupRowRead], wanted: Wanted, sort: str) -> list[GroupRowRead]:
    """Groups' lines that are wanted, in this order."""
    return select(
        rows,
        wanted,
        sort,
        key=lambda row: row.name,
        name=lambda row: row.name,
        texts=lambda row: (row.name,),
    )


def select_clusters(rows: list[ClusterRowRead], wanted: Wanted, sort: str) -> list[ClusterRowRead]:
    """Clusters' lines that are wanted, in this order."""
    return select(
        rows,
        wanted,
        sort,
        key=lambda row: str(row.cluster_id),
        name=lambda row: row.name or "",
        texts=lambda row: (row.name or "", row.code or ""),
    )
