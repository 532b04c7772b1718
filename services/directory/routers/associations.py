"""Associations over HTTP: which there are, their members, expansion, curators of clusters."""

from datetime import date
from uuid import UUID

from fastapi import APIRouter, Response

from services.directory.domain.associations import AssociationStatus, status_at
from services.directory.models import Association, Membership
from services.directory.routers.paging import ById
from services.directory.schemas.associations import (
    AssociationConstitute,
    AssociationList,
    AssociationRead,
    CuratedCluster,
    CuratorCoverage,
    Expansion,
    ExpansionRead,
    JoiningCluster,
    LeftOut,
    MembershipCreate,
    MembershipPage,
    MembershipRead,
    TenureEnd,
)
from services.directory.schemas.fields import Day
from services.directory.service import associations as service
from services.directory.service import constituting, memberships
from services.directory.service.associated import rows_of
from shared.clock import MOSCOW, Now
from shared.db import Session
from shared.idempotency import Idempotent
from shared.permissions import Acting
from shared.problems import problems
from shared.text import Code
from shared.versions import ExpectedVersion, tag

router = APIRouter(prefix="/v1", tags=["associations"])


def _read(association: Association, at: date) -> AssociationRead:
    values = association.model_dump() | {"status": status_at(association.constituted_on, at)}
    return AssociationRead.model_validate(values)


@router.get("/associations", responses=problems(401, 403, 422), summary="Ассоциации")
async def list_associations(
    actor: Acting, session: Session, now: Now, at: Day | None = None
) -> AssociationList:
    """Отраслевые ассоциации на дату: сколько действует и сколько только планируется."""
    day = at or now.astimezone(MOSCOW).date()
    items = [_read(row, day) for row in await service.list_associations(session, actor)]
    constituted = sum(item.status is AssociationStatus.CONSTITUTED for item in items)
    return AssociationList(
        at=day, constituted=constituted, planned=len(items) - constituted, items=items
    )


@router.get("/associations/{code}", responses=problems(401, 403, 404, 422), summary="Ассоциация")
async def read_association(
    actor: Acting,
    code: Code,
    session: Session,
    now: Now,
    response: Response,
    at: Day | None = None,
) -> AssociationRead:
    """Одна ассоциация по коду отрасли."""
    association = await service.association_of(session, code, actor)
    tag(response, association.version)
    return _read(association, at or now.astimezone(MOSCOW).date())


@router.post(
    "/associations/{code}/constitute",
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Создать ассоциацию",
)
async def constitute_association(
    actor: Acting,
    code: Code,
    wanted: AssociationConstitute,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> AssociationRead:
    """Планируемая ассоциация становится действующей с названного дня."""
    association = await constituting.constitute(
        session, code, wanted.constituted_on, now=now, expected_version=expected_version
    )
    tag(response, association.version)
    return _read(association, now.astimezone(MOSCOW).date())


@router.get(
    "/associations/{code}/coverage",
    responses=problems(401, 403, 404, 422),
    summary="Кураторы кластеров отрасли",
)
async def read_curator_coverage(
    actor: Acting, code: Code, session: Session, now: Now, at: Day | None = None
) -> CuratorCoverage:
    """У каких действующих кластеров отрасли есть куратор от ассоциации, у каких нет."""
    day = at or now.astimezone(MOSCOW).date()
    items = [
        CuratedCluster(
            cluster_id=cluster.id,
            code=cluster.code,
            name=cluster.name,
            region=cluster.region,
            is_member=membership is not None,
            curator_id=curator,
        )
        for cluster, curator, membership in await service.curated(session, code, actor, day)
    ]
    curated = sum(item.curator_id is not None for item in items)
    return CuratorCoverage(
        at=day,
        total=len(items),
        with_curator=curated,
        without_curator=len(items) - curated,
        items=items,
    )


@router.post(
    "/associations/{code}/memberships",
    status_code=201,
    response_model=MembershipRead,
    responses=problems(401, 403, 404, 409, 422),
    summary="Принять кластер",
)
async def create_membership(
    actor: Acting,
    code: Code,
    wanted: MembershipCreate,
    session: Session,
    now: Now,
    once: Idempotent,
) -> Response:
    """Кластер отрасли вступает в свою ассоциацию."""
    return await once(
        actor.id,
        lambda: memberships.admit_member(session, code, wanted, actor, now=now),
        answer=MembershipRead,
    )


@router.get(
    "/associations/{code}/memberships",
    responses=problems(401, 403, 404, 422),
    summary="Состав ассоциации",
)
async def list_memberships(
    actor: Acting, code: Code, session: Session, paging: ById, at: Day | None = None
) -> MembershipPage:
    """Членство кластеров; `at` — только действующее на дату."""
    rows = await rows_of(
        session, Membership, code, actor, at=at, after=paging.after, limit=paging.fetch
    )
    page, following = paging.page(rows)
    items = [MembershipRead.model_validate(row) for row in page]
    return MembershipPage(items=items, next_cursor=following)


@router.post(
    "/associations/{code}/memberships/{membership_id}/end",
    response_model=MembershipRead,
    responses=problems(401, 403, 404, 409, 412, 422),
    summary="Завершить членство",
)
async def end_membership(
    actor: Acting,
    code: Code,
    membership_id: UUID,
    wanted: TenureEnd,
    session: Session,
    now: Now,
    response: Response,
    expected_version: ExpectedVersion,
) -> Membership:
    """Назвать последний день членства или приблизить его."""
    membership = await memberships.end_membership(
        session,
        code,
        membership_id,
        wanted.valid_to,
        actor,
        now=now,
        expected_version=expected_version,
    )
    tag(response, membership.version)
    return membership


def _expanded(wanted: Expansion, found: memberships.Expanded) -> ExpansionRead:
    return ExpansionRead(
        cohort=wanted.cohort,
        valid_from=wanted.valid_from,
        joining=[
            JoiningCluster(
                association=cluster.industry,
                cluster_id=cluster.id,
                code=cluster.code,
                name=cluster.name,
                region=cluster.region,
            )
            for cluster in found.joining
        ],
        already=found.already,
        left_out=[
            LeftOut(association=code, clusters=count)
            for code, count in sorted(found.left_out.items())
        ],
    )


@router.post(
    "/expansions/preview",
    responses=problems(401, 403, 404, 422),
    summary="Кто вступит при расширении",
)
async def preview_expansion(actor: Acting, wanted: Expansion, session: Session) -> ExpansionRead:
    """Кто из победителей года вступит в ассоциации своих отраслей; ничего не меняется."""
    return _expanded(wanted, await memberships.preview_expansion(session, wanted, actor))


@router.post(
    "/expansions",
    responses=problems(401, 403, 404, 422),
    summary="Расширить состав",
)
async def expand_associations(
    actor: Acting, wanted: Expansion, session: Session, now: Now
) -> ExpansionRead:
    """Победители года вступают; кто уже состоит, остаётся. Повтор никого не добавляет."""
    return _expanded(wanted, await memberships.expand(session, wanted, actor, now=now))
