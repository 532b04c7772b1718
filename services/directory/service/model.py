"""The scheme of management, filled with who is there on a day, and its two axes."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Row
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.appointments import Office
from services.directory.domain.associations import status_at
from services.directory.domain.mandates import MandateKind
from services.directory.domain.organisations import OrganisationKind
from services.directory.domain.relations import RelationKind
from services.directory.domain.scheme import (
    AXES,
    GROUND,
    LEVELS,
    PRINCIPLE,
    Axis,
    Place,
    RoleCode,
)
from services.directory.models import Association
from services.directory.repository import coverage, regions
from services.directory.repository import model as repository
from services.directory.repository.people import Circle
from services.directory.repository.regions import IndustryNotFound
from services.directory.schemas.model import (
    AssociationNode,
    ClusterNode,
    HolderRead,
    IndustryModel,
    ManagingCompany,
    MandateHolder,
    Model,
    ModelAxis,
    ModelFunction,
    ModelLevel,
    ModelRole,
    Named,
    OfficeHolder,
    RegionModel,
    RegionNode,
)
from services.directory.schemas.regions import IndustryRead
from services.directory.service.associations import reaches
from shared.auth import Actor

_SHOWN: Final = 200
_TREES: Final = {
    Axis.REGIONAL_MANAGEMENT: "/v1/model/regions/{code}",
    Axis.SECTORAL_SUPPORT: "/v1/model/industries/{code}",
}
_BY_KIND: Final = {
    RoleCode.MINISTRY: OrganisationKind.MINISTRY,
    RoleCode.OPERATOR: OrganisationKind.OPERATOR,
}
_BY_RELATION: Final = {
    RoleCode.SUPERVISORY_BOARD: RelationKind.SUPERVISORY_BOARD,
    RoleCode.AUTHORITY: RelationKind.AUTHORITY,
    RoleCode.MANAGING_COMPANY: RelationKind.MANAGING_COMPANY,
}


async def read_model(session: AsyncSession, at: date) -> Model:
    """The whole scheme as of the day."""
    levels = [
        ModelLevel(
            code=level.code,
            name=level.name,
            functions=[
                ModelFunction(
                    code=function.code,
                    name=function.name,
                    axis=function.axis,
                    roles=[await _filled(session, place, at) for place in function.roles],
                )
                for function in level.functions
            ],
        )
        for level in LEVELS
    ]
    return Model(
        at=at,
        principle=PRINCIPLE,
        axes=[ModelAxis(code=axis, name=name, read_at=_TREES[axis]) for axis, name in AXES.items()],
        levels=levels,
        ground=await _filled(session, GROUND, at),
    )


async def _filled(session: AsyncSession, place: Place, at: date) -> ModelRole:
    """The role with whoever fills it; clusters are many, and only counted."""
    holders: list[HolderRead] = []
    if place.code in _BY_KIND:
        kind = _BY_KIND[place.code]
        total, rows = await repository.organisations_of(session, kind, at, limit=_SHOWN)
        holders = [HolderRead(**row._mapping) for row in rows]
        read_at = f"/v1/organisations?kind={kind}&at={at}"
    elif place.code in _BY_RELATION:
        relation = _BY_RELATION[place.code]
        total, rows = await repository.related_as(session, relation, at, limit=_SHOWN)
        holders = [HolderRead(**row._mapping) for row in rows]
        read_at = f"/v1/relations?kind={relation}&at={at}"
    elif place.code is RoleCode.ASSOCIATION:
        there = await repository.constituted(session, at)
        total = len(there)
        holders = [HolderRead(industry=one.code, name=one.name) for one in there]
        read_at = f"/v1/associations?at={at}"
    else:
        total = await coverage.count_clusters(session, at)
        read_at = f"/v1/clusters?status=active&at={at}"
    return ModelRole(
        code=place.code,
        name=place.name,
        filled=total,
        holders=holders,
        read_at=read_at,
    )


async def read_region(session: AsyncSession, code: str, at: date, circle: Circle) -> RegionModel:
    """Regional management of the region on the day; people outside the circle are not named.

    Raises `RegionNotFound`.
    """
    region = await regions.get_region(session, code)
    seated = await repository.seated_in(session, code, at)
    offices = await repository.offices_of(session, code, at, circle)
    clusters = [_node(row) for row in await repository.clusters_of(session, at, region=code)]

    def organisation(kind: RelationKind) -> Named | None:
        return Named.model_validate(seated[kind]) if kind in seated else None

    def holder(office: Office) -> OfficeHolder | None:
        return OfficeHolder.model_validate(offices[office]) if office in offices else None

    return RegionModel(
        at=at,
        region=RegionNode.model_validate(region),
        supervisory_board=organisation(RelationKind.SUPERVISORY_BOARD),
        authority=organisation(RelationKind.AUTHORITY),
        authority_head=holder(Office.AUTHORITY_HEAD),
        coordinator=holder(Office.COORDINATOR),
        deputy=holder(Office.DEPUTY),
        managing_companies=_companies(clusters),
        clusters=clusters,
    )


async def read_industry(
    session: AsyncSession, code: str, at: date, actor: Actor, circle: Circle
) -> IndustryModel:
    """Sectoral support of the industry on the day; people outside the circle are not named.

    Raises `IndustryNotFound`, also for an industry out of the actor's reach.
    """
    if not reaches(actor, code):
        raise IndustryNotFound("Отрасли с таким кодом нет.")
    industry = await regions.get_industry(session, code)
    association = await repository.association_of(session, code)
    charged = [
        MandateHolder.model_validate(row)
        for row in await repository.charged(session, code, at, circle)
    ]
    clusters = [_node(row) for row in await repository.clusters_of(session, at, industry=code)]
    return IndustryModel(
        at=at,
        industry=IndustryRead.model_validate(industry),
        association=None if association is None else _association(association, at),
        chair=next((one for one in charged if one.kind is MandateKind.CHAIR), None),
        curators=[one for one in charged if one.kind is MandateKind.CURATOR],
        clusters=clusters,
    )


def _association(association: Association, at: date) -> AssociationNode:
    return AssociationNode(
        code=association.code,
        name=association.name,
        status=status_at(association.constituted_on, at),
        constituted_on=association.constituted_on,
    )


def _companies(clusters: Sequence[ClusterNode]) -> list[ManagingCompany]:
    """Each once, by name, with the clusters it manages."""
    found = dict[Any, ManagingCompany]()
    for cluster in clusters:
        company = cluster.managing_company
        if company is not None:
            empty = ManagingCompany(id=company.id, name=company.name, clusters=[])
            found.setdefault(company.id, empty).clusters.append(cluster.id)
    return sorted(found.values(), key=lambda one: (one.name, one.id))


def _node(row: Row[Any]) -> ClusterNode:
    facts = row._mapping

    def named(kind: RelationKind) -> Named | None:
        id_ = facts[f"{kind}_id"]
        return None if id_ is None else Named(id=id_, name=facts[f"{kind}_name"])

    return ClusterNode(
        id=row.id,
        code=row.code,
        name=row.name,
        region=row.region,
        industry=row.industry,
        cohort=row.cohort,
        status=row.status,
        managing_company=named(RelationKind.MANAGING_COMPANY),
        core_college=named(RelationKind.CORE_COLLEGE),
        curator_id=row.curator_id,
    )
