"""Letters over HTTP: who was written to, the PDF, resending, and the head's acknowledgement."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from services.rating.models import SliceLetter
from services.rating.page.letters import acknowledgement
from services.rating.repository import letters as repository
from services.rating.repository import slices as frozen
from services.rating.routers.access import own_region, own_regions
from services.rating.schemas.letters import DeliveryTold, LetterList, LetterRead
from services.rating.service import letters as service
from shared.auth import public
from shared.clock import Now
from shared.db import Session
from shared.downloads import file_of
from shared.permissions import Acting
from shared.problems import problems
from shared.spreadsheets import XLSX
from shared.text import RegionCode
from shared.versions import ExpectedVersion, tag

Token = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{43}$")]
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none';"
        " form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

router = APIRouter(prefix="/v1/slices/{slice_id}/letters", tags=["slices"])
links = APIRouter(prefix="/letters", include_in_schema=False, dependencies=[Depends(public)])


@router.get("", responses=problems(401, 403, 404, 422), summary="Письма среза")
async def list_slice_letters(actor: Acting, slice_id: UUID, session: Session) -> LetterList:
    """Кому отправлен срез, что с каждым письмом; регион видит только своё."""
    await frozen.get_slice(session, slice_id)
    rows = await repository.letters_of(session, slice_id, own_regions(actor))
    return LetterList(
        counts=dict(service.counts(rows)), items=[LetterRead.model_validate(row) for row in rows]
    )


@router.get("/{code}", responses=problems(401, 403, 404, 422), summary="Письмо региону")
async def read_slice_letter(
    actor: Acting, slice_id: UUID, code: RegionCode, session: Session
) -> LetterRead:
    """Состояние одного письма."""
    own_region(actor, code)
    return LetterRead.model_validate(await repository.letter_of(session, slice_id, code))


@router.get(
    "/{code}/letter.pdf",
    response_class=Response,
    responses={
        200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}},
        **problems(401, 403, 404, 422),
    },
    summary="Письмо региону, PDF",
)
async def show_slice_letter(
    actor: Acting, slice_id: UUID, code: RegionCode, session: Session
) -> Response:
    """То самое письмо, что уходит руководителю; ссылка для ознакомления — в тексте e-mail."""
    own_region(actor, code)
    letter = await repository.letter_of(session, slice_id, code, lock=True)
    files = await service.files_of(session, letter)
    name = f"rating-{code}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"', "Cache-Control": "no-store"}
    return Response(files.pdf, media_type="application/pdf", headers=headers)


@router.get(
    "/{code}/letter.xlsx",
    response_class=Response,
    responses=file_of(XLSX.media_type) | problems(401, 403, 404, 422),
    summary="Таблица исполнений к письму, XLSX",
)
async def show_slice_letter_table(
    actor: Acting, slice_id: UUID, code: RegionCode, session: Session
) -> Response:
    """Та самая таблица, что уходит с письмом; к письмам, отправленным раньше, её нет."""
    own_region(actor, code)
    letter = await repository.letter_of(session, slice_id, code, lock=True)
    files = await service.files_of(session, letter)
    if files.xlsx is None:
        raise repository.LetterNotFound("К этому письму таблицы не было.", field="path.code")
    name = f"rating-{code}.xlsx"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(files.xlsx, media_type=XLSX.media_type, headers=headers)


@router.post(
    "/{code}/resend",
    responses=problems(401, 403, 404, 409, 422, 503),
    summary="Отправить письмо ещё раз",
)
async def resend_slice_letter(
    actor: Acting, slice_id: UUID, code: RegionCode, session: Session, now: Now, request: Request
) -> LetterRead:
    """Тому, кто руководит сегодня; так же — региону, где руководителя не было.

    Тому же человеку — то же письмо; новому — письмо на его имя и с новой ссылкой, ознакомление
    прежнего к нему не относится.
    """
    own_region(actor, code)
    letter = await service.resend(session, request.state.client, slice_id, code, now=now)
    return LetterRead.model_validate(letter)


@router.post(
    "/{code}/delivery",
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Записать уведомление о доставке",
)
async def record_letter_delivery(
    actor: Acting,
    slice_id: UUID,
    code: RegionCode,
    told: DeliveryTold,
    session: Session,
    now: Now,
    expected: ExpectedVersion,
    response: Response,
) -> LetterRead:
    """Отправленное письмо доставлено или возвращено: так говорит уведомление, и названо какое.

    Само письмо доставленным не становится: ответ почтового сервера значит только, что оно принято
    к отправке.
    """
    own_region(actor, code)
    letter = await service.record_delivery(
        session,
        slice_id,
        code,
        told.outcome,
        told.note,
        at=told.at,
        expected=expected,
        now=now,
    )
    tag(response, letter.version)
    return LetterRead.model_validate(letter)


@router.post(
    "/{code}/acknowledge",
    responses=problems(401, 403, 404, 422),
    summary="Подтвердить ознакомление",
)
async def acknowledge_slice_letter(
    actor: Acting, slice_id: UUID, code: RegionCode, session: Session, now: Now
) -> LetterRead:
    """Руководитель органа власти региона ознакомился; повтор ничего не меняет."""
    own_region(actor, code)
    letter = await repository.letter_of(session, slice_id, code, lock=True)
    await service.acknowledge(session, letter, by=actor.id, now=now)
    return LetterRead.model_validate(letter)


@links.get("/{token}", response_class=HTMLResponse, summary="Письмо по ссылке")
async def show_acknowledgement(token: Token, session: Session) -> HTMLResponse:
    """A page with a button: programs that look into mail follow links, and must not acknowledge."""
    return await _page(session, await repository.letter_by_token(session, token))


@links.post("/{token}", response_class=HTMLResponse, summary="Ознакомлен, по ссылке")
async def acknowledge_by_link(token: Token, session: Session, now: Now) -> HTMLResponse:
    """Whoever has the link has the e-mail, of which alone it is a part."""
    letter = await repository.letter_by_token(session, token)
    await service.acknowledge(session, letter, by="по ссылке из письма", now=now)
    return await _page(session, letter)


async def _page(session: Session, letter: SliceLetter) -> HTMLResponse:
    one = await frozen.get_slice(session, letter.slice_id)
    shown = acknowledgement(
        period=one.period,
        region=letter.region,
        token=letter.token,
        acknowledged_at=letter.acknowledged_at,
    )
    return HTMLResponse(shown, headers=_HEADERS)
