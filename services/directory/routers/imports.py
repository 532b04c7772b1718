"""Imports of lists over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response, UploadFile
from fastapi.concurrency import run_in_threadpool
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.imports import ImportKind, ImportState, RowAction
from services.directory.models import Import
from services.directory.repository import imports as repository
from services.directory.schemas.imports import (
    SHOWN,
    ImportPage,
    ImportRead,
    ImportRowPage,
    ImportRowRead,
    ImportSummary,
)
from services.directory.service import imports as service
from shared import pages
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.listings.cells import MAX_BYTES
from shared.permissions import Acting
from shared.problems import problems
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1/imports", tags=["imports"])


async def _read(session: AsyncSession, found: Import) -> ImportRead:
    refused = await repository.list_rows(
        session, found.id, action=RowAction.REFUSED, after=None, limit=SHOWN
    )
    return ImportRead.of(found, refused)


async def _uploaded(
    kind: Annotated[ImportKind, Form(description="Список кластеров или координаторов")],
    file: UploadFile,
) -> service.Uploaded:
    # One more than may be: the limit of the address is for other files too.
    content = await file.read(MAX_BYTES + 1)
    return await run_in_threadpool(service.look_at, kind, file.filename or "", content)


# Before the session: a list is looked at while others have the connections.
Uploaded = Annotated[service.Uploaded, Depends(_uploaded)]


@router.post(
    "",
    status_code=201,
    response_model=ImportRead,
    responses=problems(401, 403, 413, 422),
    summary="Загрузить список",
)
async def create_import(
    actor: Acting,
    uploaded: Uploaded,
    session: Session,
    now: Now,
    once: Idempotent,
) -> Response:
    """Список .xlsx или .csv до 5 МиБ и 10 000 строк: предпросмотр, в справочник ничего не пишется.

    До 200 строк проверяются сразу, больше — в фоне: состояние — в `GET /v1/imports/{id}`.
    """

    async def work() -> ImportRead:
        found = await service.create(session, uploaded, by=actor.id, now=now)
        return await _read(session, found)

    return await once(actor.id, work, answer=ImportRead, body=uploaded.asked)


@router.get("", responses=problems(401, 403, 422), summary="Загрузки")
async def list_imports(
    actor: Acting,
    session: Session,
    request: Request,
    response: Response,
    state: ImportState | None = None,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 50,
) -> ImportPage:
    """Загруженные списки; новые — первыми."""
    rows = await repository.list_imports(
        session,
        state=state,
        after=pages.decode(cursor, UUID) if cursor else None,
        limit=limit + 1,
    )
    page, following = pages.paginate(
        rows, limit, lambda row: row.id, request=request, response=response
    )
    return ImportPage(
        items=[ImportSummary.model_validate(row) for row in page], next_cursor=following
    )


@router.get("/{import_id}", responses=problems(401, 403, 404, 422), summary="Загрузка")
async def read_import(
    actor: Acting, import_id: UUID, session: Session, response: Response
) -> ImportRead:
    """Состояние, сколько строк прочитано, проверено и внесено, и что мешает внести остальное."""
    found = await repository.get_import(session, import_id)
    tag(response, found.version)
    return await _read(session, found)


@router.get("/{import_id}/rows", responses=problems(401, 403, 404, 422), summary="Строки загрузки")
async def list_import_rows(
    actor: Acting,
    import_id: UUID,
    session: Session,
    request: Request,
    response: Response,
    action: RowAction | None = None,
    cursor: pages.Cursor = None,
    limit: pages.Limit = 100,
) -> ImportRowPage:
    """Что сделает каждая строка: было и станет; или что в ней не так."""
    found = await repository.get_import(session, import_id)
    rows = await repository.list_rows(
        session,
        import_id,
        action=action,
        after=pages.decode(cursor, int) if cursor else None,
        limit=limit + 1,
    )
    page, following = pages.paginate(
        rows, limit, lambda row: row.number, request=request, response=response
    )
    items = [ImportRowRead.of(row, found.columns) for row in page]
    return ImportRowPage(items=items, next_cursor=following)


@router.post(
    "/{import_id}/check",
    responses=problems(401, 403, 404, 409, 422),
    summary="Проверить список заново",
)
async def check_import(
    actor: Acting,
    import_id: UUID,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> ImportRead:
    """Новый предпросмотр того же файла: справочник с тех пор изменился или дополнен."""
    found = await service.recheck(session, import_id, now=now, expected_version=expected_version)
    tag(response, found.version)
    return await _read(session, found)


@router.post(
    "/{import_id}/commit",
    responses=problems(401, 403, 404, 409, 422),
    summary="Внести список",
)
async def commit_import(
    actor: Acting,
    import_id: UUID,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> ImportRead:
    """Всё или ничего, и ровно то, что показал предпросмотр; повтор ничего не меняет.

    Больше 200 строк вносятся в фоне: ответ тогда — `applying`, а конец — `applied` или `stale`.
    """
    found = await service.commit(
        session, import_id, by=actor.id, now=now, expected_version=expected_version
    )
    tag(response, found.version)
    return await _read(session, found)
