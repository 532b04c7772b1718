"""Join organisations to regions and clusters, and part them; everything is told."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.clusters import (
    ChangeKind,
    ClusterClosed,
    ClusterStatus,
    UnknownCluster,
)
from services.directory.domain.regions import UnknownRegion
from services.directory.domain.relations import (
    RULES,
    OrganisationNotThere,
    RelationEndedAlready,
    RelationKind,
    RelationOverlaps,
    Term,
    UnknownOrganisation,
    WrongOrganisationKind,
    free_of,
)
from services.directory.models import Cluster, ClusterChange, Organisation, Region, Relation
from services.directory.repository import clusters, regions, rows
from services.directory.repository import relations as repository
from services.directory.repository.clusters import ClusterNotFound
from services.directory.repository.regions import RegionNotFound
from services.directory.schemas.relations import RelationCreate
from services.directory.service.days import check_order, said
from services.directory.service.rows import facts_of
from services.directory.service.timeline import entry, event_of
from shared import outbox
from shared.errors import expect_version
from shared.events.directory import ClusterChanged, RegionChanged, RegionEvent
from shared.ids import new_id

DAY: Final = timedelta(days=1)


async def relate(
    session: AsyncSession, wanted: RelationCreate, *, by: str, now: datetime
) -> Relation:
    """Give an organisation its place in a region or a cluster, and tell.

    Raises `DatesReversed`, `UnknownRegion`, `UnknownCluster`, `UnknownOrganisation`,
    `WrongOrganisationKind`, `OrganisationNotThere`, `ClusterClosed`, `RelationOverlaps`.
    """
    check_order(wanted.valid_from, wanted.valid_to)
    relation = Relation(id=new_id(), **wanted.model_dump())
    # Said before a rival's transaction is waited for.
    await outbox.admit(session, now)
    place = await _lock_place(session, relation)
    organisation = await _check_organisation(session, relation)
    if isinstance(place, Cluster):
        await _check_open(session, place, relation)
    await _add(session, relation)
    await _tell(session, place, now=now)
    if isinstance(place, Cluster):
        await _note(session, place, ChangeKind.RELATED, relation, organisation, by=by, now=now)
    return relation


async def end_relation(
    session: AsyncSession,
    relation_id: UUID,
    valid_to: date,
    *,
    by: str,
    now: datetime,
    expected_version: int | None,
) -> Relation:
    """Give a relation its last day, or one earlier than it has.

    Raises `RelationNotFound`, `VersionMismatch`, `RelationEndedAlready`, `DatesReversed`.
    """
    await outbox.admit(session, now)
    # The place first, as everywhere: locks never cross.
    place = await _lock_place(session, await repository.get_relation(session, relation_id))
    relation = await repository.lock_relation(session, relation_id)
    expect_version(relation.version, expected_version)
    if relation.valid_to is not None and relation.valid_to <= valid_to:
        raise RelationEndedAlready(
            f"Последний день уже назван: {relation.valid_to:%d.%m.%Y}. Его можно приблизить,"
            " но не отдалить.",
            field="body.valid_to",
        )
    check_order(relation.valid_from, valid_to)
    await _end(session, place, relation, valid_to, by=by, now=now)
    await _tell(session, place, now=now)
    return relation


async def succeed(
    session: AsyncSession,
    cluster: Cluster,
    kind: RelationKind,
    organisation_id: UUID | None,
    *,
    on: date,
    by: str,
    now: datetime,
    field: str,
    reason: str | None = None,
) -> bool:
    """From the day on the only place is another's, or nobody's; says whether that is news.

    The cluster is locked, and its event is the caller's to tell. What began that very day gives
    way without a trace but in the timeline. Raises what `relate` does.
    """
    before = [
        one
        for one in await repository.standing(session, cluster.id, since=on, kind=kind)
        if one.valid_from <= on
    ]
    if [one.organisation_id for one in before] == ([organisation_id] if organisation_id else []):
        return False
    for one in before:
        await part(session, cluster, one, on=on, by=by, now=now)
    if organisation_id is None:
        return True
    relation = Relation(
        id=new_id(),
        kind=kind,
        organisation_id=organisation_id,
        cluster_id=cluster.id,
        valid_from=on,
    )
    organisation = await _check_organisation(session, relation, field=field)
    await _check_open(session, cluster, relation)
    await _add(session, relation)
    await _note(
        session, cluster, ChangeKind.RELATED, relation, organisation, by=by, now=now, reason=reason
    )
    return True


async def part(
    session: AsyncSession, cluster: Cluster, relation: Relation, *, on: date, by: str, now: datetime
) -> None:
    """From the day on the relation is no more; one that would have begun then never was."""
    if relation.valid_from < on:
        await _end(session, cluster, relation, on - DAY, by=by, now=now)
        return
    organisation = await session.get_one(Organisation, relation.organisation_id)
    await _note(
        session, cluster, ChangeKind.RELATION_CANCELLED, relation, organisation, by=by, now=now
    )
    await session.delete(relation)
    await session.flush()


async def hand_over(
    session: AsyncSession,
    gone: Sequence[Relation],
    cluster: Cluster,
    *,
    on: date,
    by: str,
    now: datetime,
) -> None:
    """Colleges and enterprises of these relations are the cluster's from the day on.

    For as long as they were to be the other's; those that the cluster has already stay as they
    are, and it gets them for the days around. The cluster is locked, so none is added meanwhile.
    """
    taken: defaultdict[tuple[RelationKind, UUID], list[Term]] = defaultdict(list)
    for held in await repository.standing(session, cluster.id, since=on):
        taken[held.kind, held.organisation_id].append((held.valid_from, held.valid_to))
    for one in gone:
        kind = RelationKind.COLLEGE if one.kind is RelationKind.CORE_COLLEGE else one.kind
        if kind not in (RelationKind.COLLEGE, RelationKind.ENTERPRISE):
            continue
        its = taken[kind, one.organisation_id]
        for first, last in free_of(max(on, one.valid_from), one.valid_to, its):
            moved = Relation(
                id=new_id(),
                kind=kind,
                organisation_id=one.organisation_id,
                cluster_id=cluster.id,
                valid_from=first,
                valid_to=last,
            )
            await _add(session, moved)
            its.append((first, last))
            organisation = await session.get_one(Organisation, one.organisation_id)
            await _note(session, cluster, ChangeKind.RELATED, moved, organisation, by=by, now=now)


async def _lock_place(session: AsyncSession, relation: Relation) -> Region | Cluster:
    """What the organisation is joined to, locked: its version grows with every relation."""
    if relation.region is not None:
        try:
            return await regions.get_region(session, relation.region, for_update=True)
        except RegionNotFound as error:
            raise UnknownRegion(
                f"Региона с кодом {relation.region} нет.", field="body.region"
            ) from error
    assert relation.cluster_id is not None, "a relation is of a region or of a cluster"
    try:
        return await clusters.get_cluster(session, relation.cluster_id, for_update=True)
    except ClusterNotFound as error:
        raise UnknownCluster("Такого кластера нет.", field="body.cluster_id") from error


async def _check_organisation(
    session: AsyncSession, relation: Relation, *, field: str = "body.organisation_id"
) -> Organisation:
    # Locked against a change of its own days meanwhile.
    organisation = await session.get(
        Organisation,
        relation.organisation_id,
        with_for_update={"read": True},
        populate_existing=True,
    )
    if organisation is None:
        raise UnknownOrganisation("Такой организации нет.", field=field)
    check_fits(organisation, relation, field=field)
    return organisation


def check_fits(organisation: Organisation, relation: Relation, *, field: str) -> None:
    """Raises `WrongOrganisationKind`, `OrganisationNotThere`."""
    rule = RULES[relation.kind]
    if organisation.kind is not rule.organisation:
        raise WrongOrganisationKind(
            f"«{organisation.name}» — не {rule.organisation}: это место ({rule.name}) не для неё.",
            field=field,
        )
    last = relation.valid_to or date.max
    if relation.valid_from < (organisation.valid_from or date.min) or last > (
        organisation.valid_to or date.max
    ):
        raise OrganisationNotThere(
            f"«{organisation.name}» есть в справочнике не на все эти даты.", field=field
        )


async def _check_open(session: AsyncSession, cluster: Cluster, relation: Relation) -> None:
    if cluster.status is not ClusterStatus.CLOSED:
        return
    closed_on = (await clusters.tenure_of(session, cluster.id)).valid_from
    if relation.valid_to is None or relation.valid_to >= closed_on:
        raise ClusterClosed(
            f"Кластер закрыт с {closed_on:%d.%m.%Y}: последний день связи должен быть раньше.",
            field="body.valid_to",
        )


async def _add(session: AsyncSession, relation: Relation) -> None:
    await session.flush()
    if await repository.add_relation(session, relation):
        return
    rule = RULES[relation.kind]
    held = await repository.in_the_way(session, relation, alone=rule.alone)
    when = f" {said(held.valid_from, held.valid_to)}" if held else ""
    raise RelationOverlaps(f"Уже есть {rule.name}{when}.", field="body.valid_from")


async def _end(
    session: AsyncSession,
    place: Region | Cluster,
    relation: Relation,
    valid_to: date,
    *,
    by: str,
    now: datetime,
) -> None:
    relation.valid_to = valid_to
    relation.version += 1
    await rows.save(session, relation)
    if isinstance(place, Cluster):
        organisation = await session.get_one(Organisation, relation.organisation_id)
        await _note(
            session, place, ChangeKind.RELATION_ENDED, relation, organisation, by=by, now=now
        )


async def _note(
    session: AsyncSession,
    cluster: Cluster,
    kind: ChangeKind,
    relation: Relation,
    organisation: Organisation,
    *,
    by: str,
    now: datetime,
    reason: str | None = None,
) -> None:
    session.add(
        relation_entry(cluster, kind, relation, organisation, by=by, now=now, reason=reason)
    )
    await session.flush()


def relation_entry(
    cluster: Cluster,
    kind: ChangeKind,
    relation: Relation,
    organisation: Organisation,
    *,
    by: str,
    now: datetime,
    reason: str | None = None,
) -> ClusterChange:
    """An entry about a relation: in force from its first day, or after its last."""
    on = relation.valid_from
    if kind is ChangeKind.RELATION_ENDED and relation.valid_to is not None:
        on = relation.valid_to + DAY
    return entry(
        cluster,
        kind,
        on=on,
        by=by,
        now=now,
        reason=reason,
        relation=relation.kind,
        organisation=organisation.name,
        organisation_id=organisation.id,
    )


async def _tell(session: AsyncSession, place: Region | Cluster, *, now: datetime) -> None:
    place.version += 1
    await rows.save(session, place)
    if isinstance(place, Cluster):
        await outbox.add(session, [event_of(place, ClusterChanged, now=now)])
    else:
        facts = facts_of(place, RegionEvent)
        await outbox.add(session, [RegionChanged(**facts, occurred_at=now)])
