"""Cyclograms over HTTP: templates, cohorts, what is due; as data, tables and a picture."""

import asyncio
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from services.meetings import page as pictures
from services.meetings.domain.cyclograms import MAX_DAYS_AHEAD, Planned, Template
from services.meetings.models import Cyclogram
from services.meetings.repository import cyclograms as repository
from services.meetings.schemas.cyclograms import (
    CheckpointsDue,
    Cohort,
    CyclogramRead,
    CyclogramWrite,
    ExamplesLoaded,
    FromCheckpoint,
    PlannedRead,
    TemplateList,
    TemplateRead,
)
from services.meetings.schemas.fields import Day
from services.meetings.schemas.items import ItemRead
from services.meetings.service import cyclograms as service
from services.meetings.service import examples, tables
from shared.clock import MOSCOW, Now
from shared.db import Session
from shared.downloads import FileAnswer, file_of
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.pictures import PICTURE, Picture
from shared.problems import problems
from shared.spreadsheets import CSV, XLSX, Kind, write_whole
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1", tags=["cyclograms"])

OfCohort = Annotated[Cohort, Path(description="Год отбора")]
At = Annotated[Day | None, Query(description="День; без него — сегодня по Москве")]
Days = Annotated[int, Query(ge=0, le=MAX_DAYS_AHEAD, description="На сколько дней вперёд")]


class TableKind(StrEnum):
    """Kinds of files the table comes in."""

    CSV = "csv"
    XLSX = "xlsx"


KINDS: Final[dict[TableKind, Kind]] = {TableKind.CSV: CSV, TableKind.XLSX: XLSX}


def day_of(at: date | None, now: datetime) -> date:
    """The day asked about, or today in Moscow."""
    return at or now.astimezone(MOSCOW).date()


@router.post(
    "/cyclogram-templates",
    status_code=201,
    response_model=TemplateRead,
    responses=problems(401, 403, 422),
    summary="Новая версия шаблона циклограммы",
)
async def create_cyclogram_template(
    actor: Acting, wanted: Template, session: Session, now: Now, once: Idempotent
) -> Response:
    """Документ целиком, в том же виде, в каком его отдаёт чтение; прежние версии остаются."""
    return await once(
        actor.id,
        lambda: service.add_template(session, wanted, by=actor.id, now=now),
        answer=TemplateRead,
    )


@router.get(
    "/cyclogram-templates", responses=problems(401, 403, 422), summary="Версии шаблона циклограммы"
)
async def list_cyclogram_templates(actor: Acting, session: Session) -> TemplateList:
    """Все версии, сначала новая."""
    rows = await repository.list_templates(session)
    return TemplateList(items=[TemplateRead.model_validate(row) for row in rows])


@router.post(
    "/examples/load",
    responses=problems(401, 403),
    summary="Загрузить примеры",
)
async def load_examples(actor: Acting, session: Session, now: Now) -> ExamplesLoaded:
    """Пример циклограммы и каталога сквозных процессов (не источник); повтор не меняет ничего."""
    found = await examples.load_examples(session, by=actor.id, now=now)
    return ExamplesLoaded.model_validate(found)


@router.get(
    "/cyclograms/due",
    responses=problems(401, 403, 422),
    summary="Ближайшие контрольные точки",
)
async def list_checkpoints_due(
    actor: Acting, session: Session, now: Now, at: At = None, days: Days = 14
) -> CheckpointsDue:
    """Точки всех годов отбора с этого дня на столько дней вперёд: для повестки и поручений."""
    day = day_of(at, now)
    found = await service.checkpoints_due(session, day, days)
    return CheckpointsDue(
        at=day, until=day + timedelta(days=days), items=[_planned(one, day) for one in found]
    )


@router.put(
    "/cyclograms/{cohort}",
    responses=problems(401, 403, 404, 412, 422),
    summary="Составить циклограмму года отбора",
)
async def put_cyclogram(
    actor: Acting,
    cohort: OfCohort,
    wanted: CyclogramWrite,
    session: Session,
    now: Now,
    response: Response,
    expected: ExpectedVersion,
) -> CyclogramRead:
    """Версия шаблона, первый день и свои даты; нерабочий день переносится на предыдущий рабочий."""
    await service.put_cyclogram(
        session,
        cohort,
        template=wanted.template,
        starts_on=wanted.starts_on,
        dates=wanted.dates,
        by=actor.id,
        now=now,
        expected_version=expected,
    )
    return await _read(session, cohort, day_of(None, now), response)


@router.get(
    "/cyclograms/{cohort}",
    responses=problems(401, 403, 404, 422),
    summary="Циклограмма года отбора",
)
async def read_cyclogram(
    actor: Acting, cohort: OfCohort, session: Session, now: Now, response: Response, at: At = None
) -> CyclogramRead:
    """Контрольные точки по датам; ETag — версия."""
    return await _read(session, cohort, day_of(at, now), response)


@router.get(
    "/cyclograms/{cohort}/table.{ending}",
    response_class=FileAnswer,
    responses=file_of(CSV.media_type, XLSX.media_type) | problems(401, 403, 404, 422),
    summary="Циклограмма таблицей",
)
async def export_cyclogram(
    actor: Acting,
    cohort: OfCohort,
    ending: Annotated[TableKind, Path(description="csv или xlsx")],
    session: Session,
) -> Response:
    """Те же точки файлом: CSV для Excel или книга XLSX."""
    _, planned = await service.plan_of(session, cohort)
    kind = KINDS[ending]
    file = await asyncio.to_thread(write_whole, kind, tables.CYCLOGRAM, planned)
    return FileAnswer(
        file,
        media_type=kind.media_type,
        filename=f"Циклограмма {cohort}.{ending}",
        plain=f"cyclogram-{cohort}",
    )


@router.get(
    "/cyclograms/{cohort}/picture.svg",
    response_class=Picture,
    responses=PICTURE | problems(401, 403, 404, 422),
    summary="Циклограмма картинкой",
)
async def draw_cyclogram(
    actor: Acting, cohort: OfCohort, session: Session, now: Now, at: At = None
) -> Response:
    """Год участия на шкале месяцев: что прошло, что впереди и где сегодня."""
    found, planned = await service.plan_of(session, cohort)
    template = await repository.get_template(session, found.template)
    return Picture(
        pictures.cyclogram(
            planned,
            cohort=cohort,
            title=template.title,
            source=template.source,
            starts_on=found.starts_on,
            at=day_of(at, now),
        )
    )


@router.post(
    "/protocols/{protocol_id}/items/from-checkpoint",
    status_code=201,
    response_model=ItemRead,
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Добавить пункт по контрольной точке",
    tags=["protocols"],
)
async def add_item_from_checkpoint(
    actor: Acting,
    protocol_id: UUID,
    wanted: FromCheckpoint,
    session: Session,
    once: Idempotent,
    expected: ExpectedVersion,
) -> Response:
    """Проект поручения точки становится пунктом черновика: всем кластерам года, к её дате."""
    return await once(
        actor.id,
        lambda: service.draft_item(
            session,
            protocol_id,
            cohort=wanted.cohort,
            checkpoint=wanted.checkpoint,
            agenda_item_id=wanted.agenda_item_id,
            expected_version=expected,
        ),
        answer=ItemRead,
    )


async def _read(session: Session, cohort: int, at: date, response: Response) -> CyclogramRead:
    found, planned = await service.plan_of(session, cohort)
    template = await repository.get_template(session, found.template)
    tag(response, found.version)
    return _cyclogram(found, template.title, template.source, planned, at)


def _cyclogram(
    found: Cyclogram, title: str, source: str, planned: list[Planned], at: date
) -> CyclogramRead:
    return CyclogramRead(
        cohort=found.cohort,
        template=found.template,
        title=title,
        source=source,
        starts_on=found.starts_on,
        at=at,
        version=found.version,
        items=[_planned(one, at) for one in planned],
    )


def _planned(one: Planned, at: date) -> PlannedRead:
    checkpoint = one.checkpoint
    return PlannedRead(
        cohort=one.cohort,
        code=checkpoint.code,
        title=checkpoint.title,
        owner=checkpoint.owner,
        kind=checkpoint.kind,
        section=checkpoint.section,
        nominal=one.nominal,
        on=one.on,
        by_hand=one.by_hand,
        days_left=(one.on - at).days,
        draft=checkpoint.draft,
    )
