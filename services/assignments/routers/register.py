"""The register over HTTP: pages, counters, exports, saved orders, the chart of regions."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from services.assignments import page as pictures
from services.assignments.domain.register import Sort
from services.assignments.models import SavedView
from services.assignments.repository import views
from services.assignments.repository.register import Line, Scope, key_of
from services.assignments.schemas.executions import ExecutionRead
from services.assignments.schemas.register import (
    Counters,
    CountersQuery,
    ExecutionPage,
    ExecutionRow,
    ExportQuery,
    RegionCounters,
    RegionsChart,
    RegisterFilter,
    RegisterQuery,
    ViewCreate,
    ViewList,
    ViewRead,
)
from services.assignments.service import exports
from services.assignments.service import register as service
from shared import pages
from shared.auth import Actor
from shared.clock import Instant, Now
from shared.db import Session
from shared.downloads import FileAnswer, file_of
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.pictures import PICTURE, Picture
from shared.problems import problems
from shared.spreadsheets import CSV, XLSX, Kind

router = APIRouter(prefix="/v1", tags=["register"])

_Q = TypeVar("_Q", bound=CountersQuery)
_Weight = Annotated[int, Field(ge=1, le=3)]
_Code = Annotated[str, Field(pattern=r"^\d{2}$")]
# A cursor names its order first: one of another order does not fit.
_CURSORS: Final[Mapping[Sort, Any]] = {
    Sort.DUE: tuple[Literal[Sort.DUE], date, UUID],
    Sort.DUE_LAST: tuple[Literal[Sort.DUE_LAST], date, UUID],
    Sort.PRIORITY: tuple[Literal[Sort.PRIORITY], _Weight, date, UUID],
    Sort.REGION: tuple[Literal[Sort.REGION], _Code, date, UUID],
    Sort.UPDATED: tuple[Literal[Sort.UPDATED], Instant, UUID],
    Sort.UPDATED_LAST: tuple[Literal[Sort.UPDATED_LAST], Instant, UUID],
}


async def _asked(session: Session, actor: Actor, query: _Q) -> _Q:
    """The query with what its saved view says."""
    if query.view is None:
        return query
    said = query.model_dump(exclude_unset=True, exclude={"view"})
    recalled = await service.recall(session, actor, query.view, said)
    known = {name: value for name, value in recalled.items() if name in type(query).model_fields}
    return type(query).model_validate(known)


async def _scope(session: Session, actor: Actor, query: RegisterFilter, now: datetime) -> Scope:
    return await service.scope_of(session, actor, query.wanted(), now)


@router.get(
    "/executions",
    responses=problems(401, 403, 404, 422),
    summary="Реестр исполнений",
    tags=["executions"],
)
async def list_executions(
    actor: Acting,
    session: Session,
    now: Now,
    request: Request,
    response: Response,
    query: Annotated[RegisterQuery, Query()],
) -> ExecutionPage:
    """Исполнения, которые вам видны, в нужном порядке. Чужих строк в списке нет."""
    asked = await _asked(session, actor, query)
    after = None
    if asked.cursor:
        after = tuple(pages.decode(asked.cursor, _CURSORS[asked.sort]))[1:]
    rows = await service.look(
        session,
        await _scope(session, actor, asked, now),
        asked.sort,
        after=after,
        limit=asked.limit + 1,
    )
    page, following = pages.paginate(
        rows,
        asked.limit,
        lambda line: (asked.sort, *key_of(asked.sort, line.execution)),
        request=request,
        response=response,
    )
    return ExecutionPage(items=[_row(line) for line in page], next_cursor=following)


def _row(line: Line) -> ExecutionRow:
    execution = ExecutionRead.model_validate(line.execution)
    return ExecutionRow.model_construct(
        **dict(execution),
        assignment_number=line.number,
        assignment_text=line.text,
        region_name=line.region_name,
        cluster_name=line.cluster_name,
        overdue=line.overdue,
        due_soon=line.due_soon,
        awaiting_review=line.awaiting_review,
        extension_requested=line.extension_requested,
    )


@router.get(
    "/executions/counters",
    responses=problems(401, 403, 404, 422),
    summary="Счётчики реестра",
    tags=["executions"],
)
async def count_executions(
    actor: Acting, session: Session, now: Now, query: Annotated[CountersQuery, Query()]
) -> Counters:
    """Сколько исполнений подходит под отбор и как они стоят сейчас."""
    asked = await _asked(session, actor, query)
    found = await service.overview(session, await _scope(session, actor, asked, now))
    tally = found.tally
    regions = [_region(one) for one in found.by_region]
    return Counters(
        as_of=now,
        total=tally.total,
        open=tally.open,
        by_status=found.by_status,
        overdue=tally.overdue,
        due_soon=tally.due_soon,
        awaiting_review=tally.awaiting_review,
        by_region=regions if service.sees_many_regions(actor) else None,
    )


def _region(one: service.RegionTally) -> RegionCounters:
    return RegionCounters(
        region=one.region,
        name=one.name,
        total=one.total,
        open=one.open,
        overdue=one.overdue,
        due_soon=one.due_soon,
        awaiting_review=one.awaiting_review,
    )


@router.get(
    "/executions/export.csv",
    response_class=FileAnswer,
    responses=file_of(CSV.media_type) | problems(401, 403, 404, 422),
    summary="Реестр в CSV",
    tags=["executions"],
)
async def export_executions_csv(
    actor: Acting, session: Session, now: Now, query: Annotated[ExportQuery, Query()]
) -> Response:
    """Тот же отбор файлом для Excel: UTF-8 с BOM, разделитель «;»; до 100 000 строк."""
    return await _export(CSV, actor, session, now, query)


@router.get(
    "/executions/export.xlsx",
    response_class=FileAnswer,
    responses=file_of(XLSX.media_type) | problems(401, 403, 404, 422),
    summary="Реестр в XLSX",
    tags=["executions"],
)
async def export_executions_xlsx(
    actor: Acting, session: Session, now: Now, query: Annotated[ExportQuery, Query()]
) -> Response:
    """Тот же отбор книгой Excel: даты — датами, числа — числами; до 100 000 строк."""
    return await _export(XLSX, actor, session, now, query)


async def _export(
    kind: Kind, actor: Actor, session: Session, now: datetime, query: ExportQuery
) -> Response:
    asked = await _asked(session, actor, query)
    scope = await _scope(session, actor, asked, now)
    file = await exports.export(session, scope, asked.sort, kind)
    return FileAnswer(
        file,
        media_type=kind.media_type,
        filename=exports.filename(kind, now),
        plain="register",
    )


@router.get(
    "/charts/executions-by-region",
    responses=problems(401, 403, 404, 422),
    summary="Исполнения по регионам",
)
async def chart_executions_by_region(
    actor: Acting, session: Session, now: Now, query: Annotated[CountersQuery, Query()]
) -> RegionsChart:
    """Сколько открыто, просрочено и ждёт ЦУР в каждом регионе, включая регионы без исполнений."""
    items = [_region(one) for one in await _regions(actor, session, now, query)]
    return RegionsChart(as_of=now, items=items)


@router.get(
    "/charts/executions-by-region.svg",
    response_class=Picture,
    responses=PICTURE | problems(401, 403, 404, 422),
    summary="Исполнения по регионам картинкой",
)
async def draw_executions_by_region(
    actor: Acting, session: Session, now: Now, query: Annotated[CountersQuery, Query()]
) -> Response:
    """То же столбиками: читается и без цвета — штриховкой и числами."""
    regions = await _regions(actor, session, now, query)
    return Picture(pictures.executions_by_region(regions, now))


async def _regions(
    actor: Actor, session: Session, now: datetime, query: CountersQuery
) -> list[service.RegionTally]:
    asked = await _asked(session, actor, query)
    return await service.by_region(session, await _scope(session, actor, asked, now))


@router.post(
    "/views",
    status_code=201,
    response_model=ViewRead,
    responses=problems(401, 403, 409, 422),
    summary="Сохранить отбор",
)
async def create_view(
    actor: Acting, wanted: ViewCreate, session: Session, now: Now, once: Idempotent
) -> Response:
    """Отбор и порядок реестра под своим названием; видны только вам."""
    filter = wanted.filter.model_dump(mode="json", exclude_unset=True)

    async def work() -> SavedView:
        return await service.save_view(
            session, actor, name=wanted.name, filter=filter, sort=wanted.sort, now=now
        )

    return await once(actor.id, work, answer=ViewRead)


@router.get("/views", responses=problems(401, 403, 422), summary="Сохранённые отборы")
async def list_views(actor: Acting, session: Session) -> ViewList:
    """Ваши отборы в том порядке, в котором вы их сохранили."""
    rows = await views.list_views(session, actor.id)
    return ViewList(items=[ViewRead.model_validate(row) for row in rows])


@router.delete(
    "/views/{view_id}",
    status_code=204,
    responses=problems(401, 403, 404, 422),
    summary="Удалить отбор",
)
async def delete_view(actor: Acting, view_id: UUID, session: Session) -> None:
    """Удалить свой сохранённый отбор."""
    await views.delete_view(session, await views.get_view(session, view_id, actor.id))
