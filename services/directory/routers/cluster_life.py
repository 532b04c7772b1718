"""The commands of a cluster's life over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.directory.domain.clusters import ClusterAction
from services.directory.routers.clusters import answer
from services.directory.schemas.clusters import (
    ClusterEnding,
    ClusterMerge,
    ClusterMove,
    ClusterRead,
    ClusterStep,
)
from services.directory.service import cluster_life as service
from shared.clock import Now
from shared.db import Session
from shared.permissions import Acting
from shared.problems import problems
from shared.versions import ExpectedVersion

router = APIRouter(
    prefix="/v1/clusters/{cluster_id}",
    tags=["clusters"],
    responses=problems(401, 403, 404, 409, 422),
)


@router.post("/activate", summary="Открыть кластер")
async def activate_cluster(
    actor: Acting,
    cluster_id: UUID,
    wanted: ClusterStep,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> ClusterRead:
    """Планируемый начинает работу, реорганизованный продолжает; с этого дня ему адресуют."""
    await service.take_step(
        session, cluster_id, ClusterAction.ACTIVATE, wanted,
        by=actor.id, now=now, expected_version=expected_version,
    )  # fmt: skip
    return await answer(session, cluster_id, now, response)


@router.post("/reorganise", summary="Реорганизовать кластер")
async def reorganise_cluster(
    actor: Acting,
    cluster_id: UUID,
    wanted: ClusterEnding,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> ClusterRead:
    """На время реорганизации новых поручений кластеру нет; выданные остаются за ним."""
    await service.take_step(
        session, cluster_id, ClusterAction.REORGANISE, wanted,
        by=actor.id, now=now, expected_version=expected_version,
    )  # fmt: skip
    return await answer(session, cluster_id, now, response)


@router.post("/close", summary="Закрыть кластер")
async def close_cluster(
    actor: Acting,
    cluster_id: UUID,
    wanted: ClusterEnding,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> ClusterRead:
    """Закрыть навсегда, с причиной; связи с организациями кончаются накануне."""
    await service.take_step(
        session, cluster_id, ClusterAction.CLOSE, wanted,
        by=actor.id, now=now, expected_version=expected_version,
    )  # fmt: skip
    return await answer(session, cluster_id, now, response)


@router.post("/merge", summary="Присоединить кластер к другому")
async def merge_cluster(
    actor: Acting,
    cluster_id: UUID,
    wanted: ClusterMerge,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> ClusterRead:
    """Закрыть, назвав преемника в том же регионе: колледжи и предприятия переходят к нему."""
    await service.merge(
        session, cluster_id, wanted, by=actor.id, now=now, expected_version=expected_version
    )
    return await answer(session, cluster_id, now, response)


@router.post("/move", summary="Передать кластер другой управляющей компании")
async def move_cluster(
    actor: Acting,
    cluster_id: UUID,
    wanted: ClusterMove,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> ClusterRead:
    """С названного дня, хотя бы и будущего, кластером управляет другая компания."""
    await service.move(
        session, cluster_id, wanted, by=actor.id, now=now, expected_version=expected_version
    )
    return await answer(session, cluster_id, now, response)
