"""Ratings as files: the same lines and filters as over JSON, for Excel.

CSV is UTF-8 with a BOM and `;`; a workbook has a second sheet, «Методика», that says what the
table is of. These paths are declared before those that fit any name.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response

from services.rating.board.live import render_row
from services.rating.domain.explanations import Part
from services.rating.domain.groups import Grouping
from services.rating.repository import slices as frozen
from services.rating.repository.methodologies import get_methodology
from services.rating.routers.access import AsOf, PeriodName, own_cluster, own_region, when
from services.rating.routers.clusters import Rivals, cluster_read
from services.rating.routers.groups import group_read
from services.rating.routers.selections import (
    District,
    Filters,
    Order,
    RegionOrder,
    select_clusters,
    select_groups,
    select_regions,
)
from services.rating.routers.slices import rows_read
from services.rating.schemas.regions import RegionRow
from services.rating.service import slices, tables
from services.rating.service.attendance import attended_by_end
from services.rating.service.clusters import explain_cluster, rate_clusters
from services.rating.service.groups import rate_groups
from services.rating.service.names import names_of
from services.rating.service.regions import explain_region, rate_lines
from services.rating.service.tables import Named
from shared.auth import public
from shared.clock import Now
from shared.db import Session
from shared.downloads import FileAnswer, file_of
from shared.permissions import Acting
from shared.problems import problems
from shared.spreadsheets import CSV, XLSX, Column, Kind, Notes
from shared.text import RegionCode


class Ending(StrEnum):
    """The kinds of files."""

    CSV = "csv"
    XLSX = "xlsx"


_KINDS: Final[dict[Ending, Kind]] = {Ending.CSV: CSV, Ending.XLSX: XLSX}
_FILE: Final = file_of(CSV.media_type, XLSX.media_type)
KindOfFile = Annotated[Ending, Path(description="csv или xlsx")]
_GROUPS: Final = {
    Grouping.DISTRICTS: "округов",
    Grouping.COHORTS: "годов отбора",
    Grouping.INDUSTRIES: "отраслей",
}

router = APIRouter(prefix="/v1/ratings", tags=["ratings"])
of_slices = APIRouter(prefix="/v1/slices", tags=["slices"])


@router.get(
    "/regions/table.{ending}",
    dependencies=[Depends(public)],
    response_class=FileAnswer,
    responses=_FILE | problems(404, 422),
    summary="Рейтинг регионов файлом",
)
async def export_region_ratings(
    ending: KindOfFile,
    session: Session,
    now: Now,
    wanted: Filters,
    period: PeriodName = None,
    as_of: AsOf = None,
    federal_district: District = None,
    sort: RegionOrder = "place",
) -> Response:
    """Те же строки и отбор, что и в списке."""
    rating = await rate_lines(session, *when(period, as_of, now))
    lines = [RegionRow(**render_row(row)) for row in rating.rows]
    rows = select_regions(lines, federal_district, wanted, sort)
    return await _answer(
        ending,
        f"Рейтинг регионов {rating.period}",
        "regions",
        tables.REGIONS,
        rows,
        tables.notes_of(rating),
    )


@router.get(
    "/regions/{code}/explanation.{ending}",
    response_class=FileAnswer,
    responses=_FILE | problems(401, 403, 404, 422),
    summary="Почему такой балл, файлом",
)
async def export_region_explanation(
    actor: Acting,
    code: RegionCode,
    ending: KindOfFile,
    session: Session,
    now: Now,
    period: PeriodName = None,
    as_of: AsOf = None,
) -> Response:
    """Каждое исполнение региона: зачёт и причина. Чужой регион не виден."""
    own_region(actor, code)
    found = await explain_region(session, code, *when(period, as_of, now))
    return await _answer(
        ending,
        f"Объяснение балла {code} {found.rating.period}",
        f"explanation-{code}",
        tables.PARTS,
        await _named(session, found.parts),
        tables.notes_of(found.rating),
    )


@router.get(
    "/clusters/table.{ending}",
    response_class=FileAnswer,
    responses=_FILE | problems(401, 403, 404, 422),
    summary="Рейтинг кластеров файлом",
)
async def export_cluster_ratings(
    actor: Acting,
    ending: KindOfFile,
    session: Session,
    now: Now,
    among: Rivals,
    wanted: Filters,
    period: PeriodName = None,
    as_of: AsOf = None,
    sort: Order = "place",
) -> Response:
    """Те же строки и отбор, что и в списке, без страниц."""
    rating, found = await rate_clusters(session, *when(period, as_of, now), among)
    rows = select_clusters([cluster_read(row) for row in found], wanted, sort)
    return await _answer(
        ending,
        f"Рейтинг кластеров {rating.period}",
        "clusters",
        tables.CLUSTERS,
        rows,
        tables.notes_of(rating),
    )


@router.get(
    "/clusters/{cluster_id}/explanation.{ending}",
    response_class=FileAnswer,
    responses=_FILE | problems(401, 403, 404, 422),
    summary="Почему такой балл у кластера, файлом",
)
async def export_cluster_explanation(
    actor: Acting,
    cluster_id: UUID,
    ending: KindOfFile,
    session: Session,
    now: Now,
    period: PeriodName = None,
    as_of: AsOf = None,
) -> Response:
    """Каждое исполнение кластера: зачёт и причина. Кластер видит себя, регион — свои."""
    found = await explain_cluster(session, cluster_id, *when(period, as_of, now))
    own_cluster(actor, cluster_id, found.row.region, found.industry)
    return await _answer(
        ending,
        f"Объяснение балла кластера {found.rating.period}",
        "explanation-cluster",
        tables.PARTS,
        await _named(session, found.parts),
        tables.notes_of(found.rating),
    )


@router.get(
    "/{by}/table.{ending}",
    response_class=FileAnswer,
    responses=_FILE | problems(401, 403, 404, 422),
    summary="Рейтинг округов, годов отбора или отраслей файлом",
)
async def export_group_ratings(
    actor: Acting,
    by: Grouping,
    ending: KindOfFile,
    session: Session,
    now: Now,
    wanted: Filters,
    period: PeriodName = None,
    as_of: AsOf = None,
    sort: Order = "place",
) -> Response:
    """Те же строки и отбор, что и в списке."""
    rating, found = await rate_groups(session, *when(period, as_of, now), by)
    rows = select_groups([group_read(row) for row in found], wanted, sort)
    return await _answer(
        ending,
        f"Рейтинг {_GROUPS[by]} {rating.period}",
        by.value,
        tables.GROUPS,
        rows,
        tables.notes_of(rating),
    )


@of_slices.get(
    "/{slice_id}/table.{ending}",
    dependencies=[Depends(public)],
    response_class=FileAnswer,
    responses=_FILE | problems(404, 409, 422),
    summary="Срез файлом",
)
async def export_slice(
    slice_id: UUID,
    ending: KindOfFile,
    session: Session,
    wanted: Filters,
    federal_district: District = None,
    sort: RegionOrder = "place",
) -> Response:
    """Те же строки и отбор, что и в срезе; в книге — методика и хеши."""
    one = await slices.frozen_slice(session, slice_id)
    assert one.methodology_id is not None, "a frozen slice has it"
    document = await get_methodology(session, one.methodology_id)
    rows = await frozen.rows_of(session, slice_id)
    lines = rows_read(rows, await attended_by_end(session, one))
    return await _answer(
        ending,
        f"Срез {one.period}" + (f" ревизия {one.revision}" if one.revision else ""),
        f"slice-{one.period}",
        tables.SLICE,
        select_regions(lines, federal_district, wanted, sort),
        tables.notes_of_slice(one, document.methodology),
    )


@of_slices.get(
    "/{slice_id}/regions/{code}/explanation.{ending}",
    response_class=FileAnswer,
    responses=_FILE | problems(401, 403, 404, 409, 422),
    summary="Почему такой балл в срезе, файлом",
)
async def export_slice_explanation(
    actor: Acting, slice_id: UUID, code: RegionCode, ending: KindOfFile, session: Session
) -> Response:
    """Каждое исполнение региона на конец месяца: зачёт и причина. Чужой регион не виден."""
    own_region(actor, code)
    one, _, parts = await slices.explain(session, slice_id, code)
    assert one.methodology_id is not None, "a frozen slice has it"
    document = await get_methodology(session, one.methodology_id)
    return await _answer(
        ending,
        f"Объяснение среза {one.period} {code}",
        f"slice-{one.period}-{code}",
        tables.PARTS,
        await _named(session, parts),
        tables.notes_of_slice(one, document.methodology),
    )


async def _named(session: Session, parts: Sequence[Part]) -> list[Named]:
    names = await names_of(session, (part.facts for part in parts))
    return [Named(part, names) for part in parts]


async def _answer(
    ending: Ending,
    title: str,
    plain: str,
    columns: Sequence[Column],
    rows: Iterable[Any],
    notes: Notes,
) -> Response:
    kind = _KINDS[ending]
    file = await tables.table(kind, "Рейтинг", columns, rows, notes)
    return FileAnswer(
        file, media_type=kind.media_type, filename=f"{title}.{kind.ending}", plain=plain
    )
