"""A protocol as a document, an addressee's extract, and what an approval would unfold into."""

import asyncio
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from services.meetings.papers import Paper, as_docx, as_pdf
from services.meetings.papers.office import MEDIA_TYPE as DOCX
from services.meetings.routers.cyclograms import At, day_of
from services.meetings.schemas.extracts import (
    ClusterName,
    ExtractItem,
    ExtractRead,
    FanOut,
    ItemFanOut,
    RegionShare,
)
from services.meetings.schemas.items import ItemRead
from services.meetings.service import extracts, fan_outs
from services.meetings.service import papers as service
from shared.clock import Now
from shared.db import Session
from shared.downloads import file_of
from shared.events.meetings import Control
from shared.permissions import Acting
from shared.problems import problems
from shared.text import RegionCode

router = APIRouter(prefix="/v1/protocols", tags=["protocols"])

OfRegion = Annotated[RegionCode | None, Query(description="Для этого региона")]
OfCluster = Annotated[UUID | None, Query(description="Для этого кластера")]
PDF: Final = "application/pdf"
_FILE: Final = file_of(PDF, DOCX)


class DocumentKind(StrEnum):
    """Kinds of files a document comes in."""

    PDF = "pdf"
    DOCX = "docx"


KindOfFile = Annotated[DocumentKind, Path(description="pdf или docx")]


@router.get(
    "/{protocol_id}/document.{ending}",
    response_class=Response,
    responses=_FILE | problems(401, 403, 404, 422),
    summary="Протокол документом",
)
async def show_protocol_document(
    actor: Acting, protocol_id: UUID, ending: KindOfFile, session: Session
) -> Response:
    """По форме: шапка, повестка, слушали — решили, поручения, подписи, хеш; черновик — «проект»."""
    return await _answer(await service.paper_of(session, protocol_id), ending, "protocol")


@router.get(
    "/{protocol_id}/extract",
    responses=problems(401, 403, 404, 409, 422),
    summary="Выписка для адресата",
)
async def read_protocol_extract(
    actor: Acting,
    protocol_id: UUID,
    session: Session,
    region: OfRegion = None,
    cluster: OfCluster = None,
) -> ExtractRead:
    """Только пункты этого региона или кластера; свои — координатору и кластеру."""
    found = await extracts.extract(session, protocol_id, actor, region=region, cluster_id=cluster)
    protocol = found.protocol
    items = [
        ExtractItem(
            **ItemRead.model_validate(one.item).model_dump(),
            clusters=[ClusterName(id=each.cluster_id, name=each.name) for each in one.clusters],
        )
        for one in found.items
    ]
    return ExtractRead.model_validate(
        {
            "protocol_id": protocol.id,
            "full_number": protocol.full_number,
            "signed_on": protocol.signed_on,
            "content_hash": protocol.content_hash,
            "region": found.region,
            "cluster_id": found.cluster_id,
            "name": found.name,
            "items": items,
        }
    )


@router.get(
    "/{protocol_id}/extract.{ending}",
    response_class=Response,
    responses=_FILE | problems(401, 403, 404, 409, 422),
    summary="Выписка документом",
)
async def show_protocol_extract(
    actor: Acting,
    protocol_id: UUID,
    ending: KindOfFile,
    session: Session,
    region: OfRegion = None,
    cluster: OfCluster = None,
) -> Response:
    """Та же выписка по форме; хеш внизу — всего протокола."""
    found = await extracts.extract(session, protocol_id, actor, region=region, cluster_id=cluster)
    return await _answer(await service.paper_of_extract(session, found), ending, "extract")


@router.get(
    "/{protocol_id}/fan-out",
    responses=problems(401, 403, 404, 409, 422, 503),
    summary="Во что развернётся утверждение",
)
async def preview_fan_out(
    actor: Acting,
    protocol_id: UUID,
    request: Request,
    session: Session,
    now: Now,
    at: At = None,
) -> FanOut:
    """Регионы, число исполнений, где нет координатора, сроки и формы — по справочнику на этот день.

    Спрашивает справочник и поручения; недоступны — 503 `callee_unavailable`. Без них —
    `preview`.
    """
    day = day_of(at, now)
    found = await fan_outs.unfold(session, request.state.client, protocol_id, at=day)
    return FanOut(
        protocol_id=protocol_id,
        at=day,
        executions=sum(len(one.owing) for one in found),
        regions=len({region for one in found for region in one.by_region}),
        without_coordinator=sorted({region for one in found for region in one.vacant}),
        items=[_unfolded(one) for one in found],
    )


def _unfolded(one: fan_outs.Unfolded) -> ItemFanOut:
    return ItemFanOut(
        item_id=one.item.id,
        position=one.item.position,
        kind=one.item.addressees["kind"],
        executions=len(one.owing),
        regions=[
            RegionShare(region=region, executions=count, has_coordinator=region not in one.vacant)
            for region, count in one.by_region.items()
        ],
        without_coordinator=one.vacant,
        due=one.due,
        control=Control.model_validate(one.item.control),
    )


async def _answer(paper: Paper, ending: DocumentKind, plain: str) -> Response:
    """Set in a thread: setting a page takes tens of milliseconds."""
    made = await asyncio.to_thread(as_pdf if ending is DocumentKind.PDF else as_docx, paper)
    number = (paper.number or "draft").replace("/", "-").replace("Д", "D")
    shown = "inline" if ending is DocumentKind.PDF else "attachment"
    return Response(
        made,
        media_type=PDF if ending is DocumentKind.PDF else DOCX,
        headers={
            "Content-Disposition": f'{shown}; filename="{plain}-{number}.{ending}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
