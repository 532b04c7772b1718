"""Annual reports of associations over HTTP, and their files."""

import io
from enum import StrEnum

from fastapi import APIRouter, Response
from fastapi.concurrency import run_in_threadpool

from services.directory import papers
from services.directory.domain.annual_reports import hash_of
from services.directory.models import AnnualReport
from services.directory.routers.roadmaps import Year, roadmap_read
from services.directory.schemas.annual_reports import AnnualReportRead
from services.directory.schemas.roadmaps import RoadmapRead
from services.directory.service import annual_reports as service
from shared.clock import MOSCOW, Now
from shared.db import Session
from shared.downloads import FileAnswer, file_of
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.text import Code
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1/associations/{code}/reports/{year}", tags=["annual reports"])
_PDF = "application/pdf"
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class FileKind(StrEnum):
    """What the report is written as."""

    PDF = "pdf"
    DOCX = "docx"


def _read(report: AnnualReport, response: Response) -> AnnualReportRead:
    tag(response, report.version)
    fixed = report.content_hash
    is_intact = hash_of(report.content) == fixed if fixed else None
    return AnnualReportRead.model_validate(report.model_dump() | {"is_intact": is_intact})


@router.post(
    "/assemble",
    responses=problems(401, 403, 404, 409, 422),
    summary="Собрать отчёт",
)
async def assemble_report(
    actor: Acting, code: Code, year: Year, session: Session, now: Now, response: Response
) -> AnnualReportRead:
    """Черновик из того, что есть: состав, группы, мероприятия, практики, наставничество, вехи."""
    return _read(await service.assemble(session, code, year, actor, now=now), response)


@router.get("", responses=problems(401, 403, 404, 422), summary="Годовой отчёт")
async def read_report(
    actor: Acting, code: Code, year: Year, session: Session, response: Response
) -> AnnualReportRead:
    """Опубликованный отчёт видят все, до публикации – ассоциация, ЦУР и аудитор."""
    return _read(await service.read(session, code, year, actor), response)


@router.post(
    "/approve",
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Утвердить отчёт",
)
async def approve_report(
    actor: Acting,
    code: Code,
    year: Year,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> AnnualReportRead:
    """С этого дня содержание неизменно и закреплено хешем."""
    report = await service.approve(
        session, code, year, actor, now=now, expected_version=expected_version
    )
    return _read(report, response)


@router.post(
    "/publish",
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Опубликовать отчёт",
)
async def publish_report(
    actor: Acting,
    code: Code,
    year: Year,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> AnnualReportRead:
    """Утверждённый отчёт становится виден всем."""
    report = await service.publish(session, code, year, now=now, expected_version=expected_version)
    return _read(report, response)


@router.post(
    "/roadmap",
    status_code=201,
    response_model=RoadmapRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Составить дорожную карту на следующий год",
)
async def plan_next_year(
    actor: Acting, code: Code, year: Year, session: Session, now: Now, once: Idempotent
) -> Response:
    """Ежегодные вехи и то, что по отчёту просрочено; до утверждения отчёта – отказ."""

    async def plan() -> RoadmapRead:
        found = await service.plan_next_year(session, code, year, actor, now=now)
        return roadmap_read(code, year + 1, now.astimezone(MOSCOW).date(), found)

    return await once(actor.id, plan, answer=RoadmapRead)


@router.get(
    "/file",
    response_class=Response,
    responses=file_of(_PDF, _DOCX) | problems(401, 403, 404, 422),
    summary="Отчёт файлом",
)
async def download_report(
    actor: Acting, code: Code, year: Year, session: Session, kind: FileKind = FileKind.PDF
) -> Response:
    """PDF для чтения или DOCX для работы; черновик помечен как проект."""
    report = await service.read(session, code, year, actor)
    text = papers.text_of(report.content, report.content_hash)
    is_pdf = kind is FileKind.PDF
    made = await run_in_threadpool(papers.pdf if is_pdf else papers.docx, text)
    return FileAnswer(
        io.BytesIO(made),
        media_type=_PDF if is_pdf else _DOCX,
        filename=f"Отчёт {code} {year}.{kind}",
        plain=f"report-{code}-{year}",
    )
