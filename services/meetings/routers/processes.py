"""Cross-cutting processes over HTTP: the catalogue, where clusters stand, the heat map."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.meetings import page as pictures
from services.meetings.domain.processes import Catalogued
from services.meetings.models import Process
from services.meetings.repository import processes as repository
from services.meetings.routers.cyclograms import At, Days, day_of
from services.meetings.schemas.processes import (
    CatalogueImport,
    HeatCell,
    HeatMapRead,
    HeatRow,
    ProcessList,
    ProcessRead,
    StageDueRead,
    StagesDue,
    StateList,
    StateRead,
    StateWrite,
)
from services.meetings.service import processes as service
from services.meetings.service.scopes import scope_of
from shared.clock import Now
from shared.db import Session
from shared.permissions import Acting
from shared.pictures import PICTURE, Picture
from shared.problems import problems
from shared.text import Code, RegionCode
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1", tags=["processes"])


@router.get("/processes", responses=problems(401, 403, 422), summary="Каталог сквозных процессов")
async def list_processes(actor: Acting, session: Session) -> ProcessList:
    """Процессы в порядке каталога: владелец, годы отбора, этапы."""
    rows = await repository.list_processes(session)
    return ProcessList(items=[ProcessRead.model_validate(row) for row in rows])


@router.put(
    "/process-catalogue",
    responses=problems(401, 403, 422),
    summary="Загрузить каталог процессов",
)
async def import_processes(
    actor: Acting, wanted: CatalogueImport, session: Session, now: Now
) -> ProcessList:
    """Все названные процессы разом, или ни один; неназванные остаются как были."""
    for code, process in wanted.processes.items():
        await service.put_process(session, code, process, by=actor.id, now=now)
    rows = await repository.list_processes(session)
    return ProcessList(items=[ProcessRead.model_validate(row) for row in rows])


@router.get("/processes/{code}", responses=problems(401, 403, 404, 422), summary="Сквозной процесс")
async def read_process(
    actor: Acting, code: Code, session: Session, response: Response
) -> ProcessRead:
    """Процесс каталога; ETag — его версия."""
    found = await repository.get_process(session, code)
    tag(response, found.version)
    return ProcessRead.model_validate(found)


@router.put(
    "/processes/{code}",
    response_model=ProcessRead,
    responses=problems(401, 403, 404, 412, 422),
    summary="Внести или изменить процесс",
)
async def put_process(
    actor: Acting,
    code: Code,
    wanted: Catalogued,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> Process:
    """Новый процесс встаёт в конец каталога; сказанное об этапах остаётся за их кодами."""
    found = await service.put_process(
        session, code, wanted, by=actor.id, now=now, expected_version=expected
    )
    tag(response, found.version)
    return found


@router.get(
    "/processes/{code}/states",
    responses=problems(401, 403, 404, 422),
    summary="Кластеры в процессе",
)
async def list_process_states(
    actor: Acting,
    code: Code,
    session: Session,
    now: Now,
    region: Annotated[RegionCode | None, Query(description="Только этот регион")] = None,
    at: At = None,
) -> StateList:
    """Где каждый кластер в каждом этапе; координатор видит свой регион, кластер — себя."""
    day = day_of(at, now)
    _, found = await service.standings(session, code, scope_of(actor), region=region, at=day)
    return StateList(process=code, at=day, items=[_state(one) for one in found])


@router.put(
    "/processes/{code}/clusters/{cluster_id}/stages/{stage}",
    responses=problems(401, 403, 404, 412, 422),
    summary="Сказать, где кластер в этапе",
)
async def set_process_state(
    actor: Acting,
    code: Code,
    cluster_id: UUID,
    stage: Code,
    wanted: StateWrite,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> StateRead:
    """Говорит сам кластер или координатор его региона; выполненному нужны дата и ссылка."""
    found = await service.set_state(
        session,
        code,
        cluster_id,
        stage,
        mark=wanted.state,
        on=wanted.on,
        evidence=str(wanted.evidence) if wanted.evidence else None,
        actor=actor,
        now=now,
        expected_version=expected,
    )
    state = _state(found)
    tag(response, state.version)
    return state


@router.get(
    "/process-heat-map", responses=problems(401, 403, 422), summary="Тепловая карта процессов"
)
async def read_process_heat_map(
    actor: Acting, session: Session, now: Now, at: At = None
) -> HeatMapRead:
    """Регион × процесс: сколько этапов выполнено, идёт, просрочено; свои строки — у каждого."""
    found = await service.heat_map(session, scope_of(actor), at=day_of(at, now))
    return HeatMapRead(
        at=found.at,
        processes=[{"code": one.code, "name": one.name} for one in found.processes],
        regions=[
            HeatRow(region=code, name=name, cells=_cells(found, code))
            for code, name in found.regions
        ],
    )


@router.get(
    "/process-heat-map.svg",
    response_class=Picture,
    responses=PICTURE | problems(401, 403, 422),
    summary="Тепловая карта картинкой",
)
async def draw_process_heat_map(
    actor: Acting, session: Session, now: Now, at: At = None
) -> Response:
    """То же картинкой: цвет — доля просроченных этапов, в клетке — выполнено из всех."""
    found = await service.heat_map(session, scope_of(actor), at=day_of(at, now))
    return Picture(
        pictures.heat_map(
            found.regions,
            [(one.code, one.name) for one in found.processes],
            found.cells,
            at=found.at,
        )
    )


@router.get(
    "/process-stages/due", responses=problems(401, 403, 422), summary="Ближайшие этапы процессов"
)
async def list_stages_due(
    actor: Acting, session: Session, now: Now, at: At = None, days: Days = 14
) -> StagesDue:
    """Этапы, чей срок наступает: у каких годов отбора и сколько кластеров уже выполнили."""
    day = day_of(at, now)
    found = await service.stages_due(session, day, days)
    return StagesDue(
        at=day,
        until=day + timedelta(days=days),
        items=[
            StageDueRead(
                process=one.process,
                process_name=one.process_name,
                owner=one.owner,
                stage=one.stage.code,
                stage_name=one.stage.name,
                cohort=one.cohort,
                on=one.on,
                clusters=one.clusters,
                done=one.done,
            )
            for one in found
        ],
    )


def _cells(found: service.HeatMap, region: str) -> list[HeatCell]:
    return [
        HeatCell(
            region=region,
            process=process.code,
            clusters=tally.clusters,
            total=tally.total,
            done=tally.done,
            in_progress=tally.in_progress,
            late=tally.late,
            not_started=tally.not_started,
            late_bp=tally.late_bp,
        )
        for process in found.processes
        if (tally := found.cells.get((region, process.code))) is not None
    ]


def _state(one: service.Standing) -> StateRead:
    said = one.said
    return StateRead(
        cluster_id=one.member.id,
        cluster_name=one.member.name,
        region=one.member.region,
        cohort=one.member.cohort,
        stage=one.stage.code,
        stage_name=one.stage.name,
        due=one.due,
        state=one.state,
        on=said.on_date if said else None,
        evidence=said.evidence if said else None,
        set_by=said.set_by if said else None,
        set_at=said.set_at if said else None,
        version=said.version if said else 0,
    )
