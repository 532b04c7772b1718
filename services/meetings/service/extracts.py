"""What of a protocol concerns one addressee: a region or a cluster."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.meetings.domain.items import ClusterFacts
from services.meetings.domain.protocols import ProtocolNotApproved, ProtocolStatus
from services.meetings.domain.wording import addressed
from services.meetings.models import ClusterVersion, Protocol, ProtocolItem
from services.meetings.repository import directory
from services.meetings.repository import items as item_repository
from services.meetings.repository import protocols as repository
from services.meetings.repository.directory import Scope
from services.meetings.service.scopes import scope_of
from shared.auth import Actor
from shared.errors import Invalid, NotFound
from shared.events.meetings import Addressees, Control


class AddresseeNotFound(NotFound):
    """There is no such region or cluster, or it is not this person's."""

    code = "addressee_not_found"
    title = "Адресат не найден"


class OneAddressee(Invalid):
    """An extract is for one region or for one cluster."""

    code = "one_addressee"
    title = "Выписка делается для одного адресата"


@dataclass(frozen=True, slots=True)
class Concerned:
    """An item, and which clusters of the addressee it is for; none where it is the authority."""

    item: ProtocolItem
    clusters: Sequence[ClusterVersion]


@dataclass(frozen=True, slots=True)
class Extract:
    """The addressee's part of an approved protocol."""

    protocol: Protocol
    region: str | None
    cluster_id: UUID | None
    name: str
    items: Sequence[Concerned]


async def extract(
    session: AsyncSession,
    protocol_id: UUID,
    actor: Actor,
    *,
    region: str | None,
    cluster_id: UUID | None,
) -> Extract:
    """The items for that region or that cluster, which the actor may see.

    A sealed protocol is for whom it was when it was approved: clusters at work then, in the region
    and industry they were in and by the names they had. Who may look is asked of today.

    Raises `OneAddressee`, `AddresseeNotFound`, `ProtocolNotFound`, `ProtocolNotApproved`.
    """
    if (region is None) == (cluster_id is None):
        raise OneAddressee("Укажите либо region, либо cluster.", field="query.region")
    name = await _addressee(session, scope_of(actor), region, cluster_id)
    protocol = await repository.get_protocol(session, protocol_id)
    if protocol.status is not ProtocolStatus.APPROVED:
        raise ProtocolNotApproved("Выписка делается из утверждённого протокола.")
    assert protocol.approved_at is not None, "approved, so at some instant"
    if cluster_id is not None:
        then = await directory.cluster_names(session, [cluster_id], at=protocol.approved_at)
        name = then.get(cluster_id) or name
    clusters = [
        one
        for one in await directory.clusters_at(session, protocol.approved_at)
        if one.status == directory.ADDRESSABLE
        and (one.cluster_id == cluster_id or one.region == region)
    ]
    by_id = {one.cluster_id: one for one in clusters}
    facts = [ClusterFacts(one.cluster_id, one.region, one.industry, one.cohort) for one in clusters]
    found = []
    for item in await item_repository.list_items(session, protocol_id):
        ids = addressed(
            Addressees.model_validate(item.addressees),
            Control.model_validate(item.control),
            facts,
            region,
        )
        if ids is not None:
            found.append(Concerned(item, [by_id[one] for one in ids]))
    return Extract(protocol, region, cluster_id, name, found)


async def _addressee(
    session: AsyncSession, scope: Scope, region: str | None, cluster_id: UUID | None
) -> str:
    """The addressee's name. Raises `AddresseeNotFound`."""
    nobody = AddresseeNotFound(
        "Такого региона или кластера нет или он вам не виден.",
        field="query.cluster" if region is None else "query.region",
    )
    if region is not None:
        names = await directory.region_names(session)
        if region not in names or not scope.has_region(region):
            raise nobody
        return names[region] or f"регион {region}"
    assert cluster_id is not None, "one of the two is given"
    cluster = await directory.find_cluster(session, cluster_id, scope)
    if cluster is None:
        raise nobody
    return cluster.name or f"кластер {cluster_id}"
