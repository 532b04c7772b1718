"""Clusters as files that an import reads back."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.repository.clusters import Wanted
from services.directory.schemas.clusters import ClusterExportQuery
from services.directory.service import cluster_lists as service
from shared.clock import Now
from shared.db import Session
from shared.downloads import FileAnswer, file_of
from shared.permissions import Acting
from shared.problems import problems
from shared.spreadsheets import CSV, XLSX, Kind

router = APIRouter(prefix="/v1/clusters", tags=["clusters"])


@router.get(
    "/export.csv",
    response_class=FileAnswer,
    responses=file_of(CSV.media_type) | problems(401, 403, 422),
    summary="Кластеры в CSV",
)
async def export_clusters_csv(
    actor: Acting, session: Session, now: Now, query: Annotated[ClusterExportQuery, Query()]
) -> Response:
    """Список кластеров в том виде, в котором его принимает загрузка: UTF-8 с BOM, «;»."""
    return await _export(CSV, session, now, query)


@router.get(
    "/export.xlsx",
    response_class=FileAnswer,
    responses=file_of(XLSX.media_type) | problems(401, 403, 422),
    summary="Кластеры в XLSX",
)
async def export_clusters_xlsx(
    actor: Acting, session: Session, now: Now, query: Annotated[ClusterExportQuery, Query()]
) -> Response:
    """Список кластеров в том виде, в котором его принимает загрузка, книгой Excel."""
    return await _export(XLSX, session, now, query)


async def _export(
    kind: Kind, session: AsyncSession, now: datetime, query: ClusterExportQuery
) -> Response:
    file = await service.export(session, kind, Wanted(**query.model_dump()), now=now)
    return FileAnswer(
        file,
        media_type=kind.media_type,
        filename=service.filename(kind, now),
        plain="clusters",
    )
