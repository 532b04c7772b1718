"""Slices over HTTP: read by all, revised and published by ЦУР, verified by whoever doubts."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.rating.domain.attendance import UNTOLD, Attendance
from services.rating.domain.slices import Correction
from services.rating.models import SliceRow
from services.rating.repository import slices as repository
from services.rating.routers.access import own_region
from services.rating.routers.parts import Links, part_read
from services.rating.routers.selections import District, Filters, RegionOrder, select_regions
from services.rating.schemas.slices import (
    CorrectionRead,
    RevisionCreate,
    SliceExplanation,
    SliceList,
    SliceRead,
    SliceRowRead,
    SliceWhole,
    VerificationRead,
)
from services.rating.service import slices as service
from services.rating.service.attendance import attended_by_end
from services.rating.service.names import names_of
from services.rating.service.verification import verify
from shared.auth import public
from shared.clock import Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.text import RegionCode
from shared.versions import tag

Month = Annotated[str | None, Query(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", examples=["2023-10"])]

router = APIRouter(prefix="/v1/slices", tags=["slices"])


@router.get("", dependencies=[Depends(public)], responses=problems(422), summary="Срезы")
async def list_slices(session: Session, period: Month = None) -> SliceList:
    """Все срезы и ревизии, новейший месяц первым; черновик ждёт, пока услышаны все факты."""
    rows = await repository.list_slices(session, period)
    return SliceList(items=[SliceRead.model_validate(row) for row in rows])


@router.get(
    "/{slice_id}",
    dependencies=[Depends(public)],
    responses=problems(404, 422),
    summary="Срез со строками регионов",
)
async def read_slice(
    slice_id: UUID,
    session: Session,
    response: Response,
    wanted: Filters,
    federal_district: District = None,
    sort: RegionOrder = "region",
) -> SliceWhole:
    """Срез не меняется никогда; меняется только, разослан ли он и опубликован ли.

    Отбор и порядок строк не меняют мест.
    """
    one = await repository.get_slice(session, slice_id)
    tag(response, one.version)
    rows = await repository.rows_of(session, slice_id)
    corrections = await repository.corrections_of(session, slice_id)
    return SliceWhole(
        **SliceRead.model_validate(one).model_dump(),
        items=select_regions(
            rows_read(rows, await attended_by_end(session, one)), federal_district, wanted, sort
        ),
        corrections=[CorrectionRead.model_validate(held) for held in corrections],
    )


@router.get(
    "/{slice_id}/regions/{code}/explanation",
    responses=problems(401, 403, 404, 409, 422),
    summary="Почему такой балл в срезе",
)
async def explain_slice(
    actor: Acting, slice_id: UUID, code: RegionCode, session: Session, links: Links
) -> SliceExplanation:
    """Каждое исполнение региона на конец месяца: вес, зачёт, причина. Чужой регион не виден."""
    own_region(actor, code)
    one, row, parts = await service.explain(session, slice_id, code)
    names = await names_of(session, (part.facts for part in parts))
    return SliceExplanation(
        slice=SliceRead.model_validate(one),
        item=row_read(row, await attended_by_end(session, one)),
        numerator=row.numerator,
        denominator=row.weight,
        parts=[part_read(part, names, links) for part in parts],
    )


@router.get(
    "/{slice_id}/verification",
    responses=problems(401, 403, 404, 409, 422),
    summary="Проверить срез",
)
async def verify_slice(actor: Acting, slice_id: UUID, session: Session) -> VerificationRead:
    """Срез считается заново по сохранённым фактам; хеши сравниваются."""
    found = await verify(session, slice_id)
    return VerificationRead(
        matches=found.matches,
        inputs_hash=found.slice.inputs_hash,
        inputs_hash_replayed=found.inputs_hash,
        result_hash=found.slice.result_hash,
        result_hash_replayed=found.result_hash,
        differing=list(found.differing),
    )


@router.post(
    "/{slice_id}/revisions",
    status_code=201,
    response_model=SliceRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Пересмотреть срез",
)
async def revise_slice(
    actor: Acting,
    slice_id: UUID,
    wanted: RevisionCreate,
    session: Session,
    now: Now,
    once: Idempotent,
) -> Response:
    """Новая ревизия рядом с прежней: названные исполнения — по исправленным позже фактам."""
    corrections = [
        Correction(one.execution_id, one.version, wanted.reason) for one in wanted.corrections
    ]

    async def revise() -> Any:
        return await service.revise(
            session, slice_id, wanted.reason, corrections, by=actor.id, now=now
        )

    return await once(actor.id, revise, answer=SliceRead)


@router.post(
    "/{slice_id}/publish",
    responses=problems(401, 403, 404, 409, 422),
    summary="Опубликовать срез",
)
async def publish_slice(
    actor: Acting, slice_id: UUID, session: Session, now: Now, response: Response
) -> SliceRead:
    """Не дожидаясь писем; сам срез публикуется, когда разосланы все."""
    one = await service.publish(session, slice_id, now=now)
    tag(response, one.version)
    return SliceRead.model_validate(one)


def row_read(row: SliceRow, attended: Mapping[str, Attendance]) -> SliceRowRead:
    """The line as frozen, and attendance beside it."""
    shown, tally = attended.get(row.region, UNTOLD), service.line_of(row).tally
    worked_out = {
        "on_time_bp": tally.on_time_bp,
        "mean_delay_hundredths": tally.mean_delay_hundredths,
        "attendance_bp": shown.share_bp,
        "meetings": shown.meetings,
    }
    stored = SliceRowRead.model_fields.keys() - worked_out.keys()
    return SliceRowRead(**{name: getattr(row, name) for name in stored}, **worked_out)


def rows_read(rows: Iterable[SliceRow], attended: Mapping[str, Attendance]) -> list[SliceRowRead]:
    return [row_read(row, attended) for row in rows]
