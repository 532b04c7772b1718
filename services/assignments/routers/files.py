"""Files as evidence over HTTP."""

from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from obstore.store import ObjectStore

from services.assignments import store as objects
from services.assignments.domain.files import MEDIA_TYPES
from services.assignments.models import StoredFile
from services.assignments.repository import executions
from services.assignments.repository import files as repository
from services.assignments.routers.access import COMMAND_PROBLEMS
from services.assignments.schemas.files import FileList, FileRead
from services.assignments.service import files as service
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems

router = APIRouter(prefix="/v1", tags=["files"])


async def _store(request: Request) -> ObjectStore:
    return objects.open_store(request.state.settings.object_store_url)


Store = Annotated[ObjectStore, Depends(_store)]


async def _offered(file: UploadFile) -> service.Offered:
    return await run_in_threadpool(service.look_at, file.filename or "", file.file)


# Before the session: a file of 20 MiB is looked at while others have the connections.
Offered = Annotated[service.Offered, Depends(_offered)]


@router.post(
    "/executions/{execution_id}/files",
    status_code=201,
    response_model=FileRead,
    responses=COMMAND_PROBLEMS | problems(413),
    summary="Приложить файл",
)
async def upload_file(
    actor: Acting,
    execution_id: UUID,
    offered: Offered,
    session: Session,
    store: Store,
    now: Now,
    once: Idempotent,
) -> Response:
    """Файл для будущего отчёта, обычно до 20 МиБ; то же содержимое второй раз не хранится.

    У одного исполнения — не больше 50 файлов и 200 МиБ вместе.
    """

    async def keep() -> StoredFile:
        return await service.upload(session, store, execution_id, actor, file=offered, now=now)

    return await once(actor.id, keep, answer=FileRead, body=offered.asked)


@router.get(
    "/executions/{execution_id}/files",
    responses=problems(401, 403, 404, 422),
    summary="Файлы исполнения",
)
async def list_files(actor: Acting, execution_id: UUID, session: Session) -> FileList:
    """Всё, что приложено к исполнению."""
    await executions.get_execution(session, execution_id, actor)
    rows = await repository.list_files(session, execution_id)
    return FileList(items=[FileRead.model_validate(row) for row in rows])


@router.get(
    "/files/{file_id}",
    response_model=FileRead,
    responses=problems(401, 403, 404, 422),
    summary="Сведения о файле",
)
async def read_file(actor: Acting, file_id: UUID, session: Session) -> StoredFile:
    """Имя, тип, размер и SHA-256; видно тем, кому видно исполнение."""
    return await repository.get_visible(session, file_id, actor)


@router.get(
    "/files/{file_id}/content",
    response_class=StreamingResponse,
    responses={
        200: {"content": {kind: {} for kind in sorted(set(MEDIA_TYPES.values()))}},
        304: {"description": "Не изменилось"},
        **problems(401, 403, 404, 422),
    },
    summary="Скачать файл",
)
async def download_file(
    actor: Acting,
    file_id: UUID,
    session: Session,
    store: Store,
    if_none_match: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    """Содержимое файла; ETag — его SHA-256."""
    file = await repository.get_visible(session, file_id, actor)
    etag = f'"{file.sha256}"'
    headers = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    if if_none_match is not None and etag in if_none_match:
        return Response(status_code=304, headers=headers)
    pieces = objects.read(store, objects.key_of(file.execution_id, file.id))
    first = await anext(pieces, b"")

    async def content() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    headers |= {
        "Content-Length": str(file.size),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
    }
    return StreamingResponse(content(), media_type=file.media_type, headers=headers)


@router.delete(
    "/files/{file_id}",
    status_code=204,
    responses=COMMAND_PROBLEMS,
    summary="Убрать файл",
)
async def delete_file(actor: Acting, file_id: UUID, session: Session) -> None:
    """Убрать свой файл, пока он не приложен к отчёту."""
    await service.remove(session, file_id, actor)
