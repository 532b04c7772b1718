"""Associations: whose they are, how they are entered, who curates which cluster."""

import csv
from collections.abc import Collection, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.appointments import UnknownPerson
from services.directory.domain.associations import ClusterOfAnotherIndustry
from services.directory.domain.clusters import ClusterClosed, ClusterStatus, UnknownCluster
from services.directory.domain.erasures import PersonErased
from services.directory.models import Association, Cluster
from services.directory.repository import associations as repository
from services.directory.repository import clusters
from services.directory.repository.associations import AssociationNotFound
from services.directory.repository.people import nameable
from services.directory.service.people import circle_of
from services.directory.service.rows import facts_of
from shared import outbox
from shared.auth import Actor, Rows
from shared.events.directory import AssociationEvent, AssociationRegistered

_NOBODY: Final = "Такого человека нет."
_NOBODY_YOU_KNOW: Final = (
    "Такого человека нет ни среди тех, кто с вами работает, ни среди тех, кто ещё нигде не занят."
    " Остальных вносит ЦУР."
)
_LIST: Final = Path(__file__).parents[1] / "reference" / "associations.csv"


def _shipped() -> list[dict[str, str]]:
    with _LIST.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def shipped_constituted() -> dict[str, bool]:
    """Code → whether the shipped list says that the association works already."""
    return {line["industry"]: bool(line["constituted_on"]) for line in _shipped()}


async def load_associations(session: AsyncSession, *, now: datetime) -> dict[str, bool]:
    """Enter the shipped associations that are missing; code → whether it was.

    What is there stays: an association that has been constituted since is not planned again.
    """
    known = {row.code for row in await repository.list_associations(session)}
    found: dict[str, bool] = {}
    events = []
    for values in _shipped():
        code, day = values["industry"], values["constituted_on"]
        found[code] = code not in known
        if code in known:
            continue
        constituted_on = date.fromisoformat(day) if day else None
        row = Association(code=code, name=values["name"], constituted_on=constituted_on)
        session.add(row)
        facts = facts_of(row, AssociationEvent)
        events.append(AssociationRegistered(**facts, occurred_at=now))
    await session.flush()
    await outbox.add(session, events)
    return found


def reaches(actor: Actor, code: str) -> bool:
    """Whether the operation reaches this industry and its association for the actor."""
    return actor.reaches_all or (Rows.INDUSTRY in actor.rows and code in actor.industries)


def reaches_cluster(actor: Actor, cluster_id: UUID) -> bool:
    """Whether the operation reaches this cluster for the actor as its own."""
    return Rows.CLUSTER in actor.rows and cluster_id in actor.clusters


async def association_of(session: AsyncSession, code: str, actor: Actor) -> Association:
    """To read or to act for. Raises `AssociationNotFound`, also where it is out of reach."""
    if not reaches(actor, code):
        raise AssociationNotFound("Ассоциации с таким кодом нет.")
    return await repository.get_association(session, code)


async def association_with(
    session: AsyncSession,
    code: str,
    actor: Actor,
    cluster_id: UUID,
    *,
    field: str = "body.cluster_id",
) -> Association:
    """To act in for a cluster: one's own cluster, or any of an association within reach.

    Raises `AssociationNotFound`, `UnknownCluster`.
    """
    if not reaches(actor, code) and not reaches_cluster(actor, cluster_id):
        if Rows.CLUSTER in actor.rows:
            raise UnknownCluster("Назовите свой кластер.", field=field)
        raise AssociationNotFound("Ассоциации с таким кодом нет.")
    return await repository.get_association(session, code)


async def list_associations(session: AsyncSession, actor: Actor) -> list[Association]:
    """Those within the actor's reach."""
    return [row for row in await repository.list_associations(session) if reaches(actor, row.code)]


async def check_people(
    session: AsyncSession,
    people: Collection[UUID],
    actor: Actor,
    *,
    field: str = "body.person_id",
) -> None:
    """Whether the actor may give these people an office, a mandate or a place in a group.

    Raises `UnknownPerson`, in the same words for a stranger and for an id of nobody, and
    `PersonErased`.
    """
    if not people:
        return
    known = await nameable(session, people, circle_of(actor))
    if len(known) < len(set(people)):
        raise UnknownPerson(_NOBODY if actor.reaches_all else _NOBODY_YOU_KNOW, field=field)
    if not all(known.values()):
        raise PersonErased("Этот человек обезличен: заведите того, кто нужен.", field=field)


async def open_cluster_of(
    session: AsyncSession,
    association: str,
    cluster_id: UUID,
    *,
    last: date | None = None,
    field: str = "body.cluster_id",
) -> Cluster:
    """A cluster of the association's industry that gets something new, until the day if one is
    said; locked, so that it is not closed meanwhile.

    Raises `UnknownCluster`, `ClusterOfAnotherIndustry`, `ClusterClosed`.
    """
    cluster = await session.get(
        Cluster, cluster_id, with_for_update={"read": True}, populate_existing=True
    )
    if cluster is None:
        raise UnknownCluster("Такого кластера нет.", field=field)
    if cluster.industry != association:
        raise ClusterOfAnotherIndustry(
            f"Кластер {cluster.code} – другой отрасли, и эта ассоциация не его.", field=field
        )
    if cluster.status is ClusterStatus.CLOSED:
        closed_on = (await clusters.tenure_of(session, cluster.id)).valid_from
        if last is None or last >= closed_on:
            raise ClusterClosed(
                f"Кластер {cluster.code} закрыт с {closed_on:%d.%m.%Y}, нового у него не бывает.",
                field=field,
            )
    return cluster


async def curated(
    session: AsyncSession, code: str, actor: Actor, at: date
) -> Sequence[tuple[Cluster, UUID | None, UUID | None]]:
    """Clusters of the industry that act on the day, with curator and membership. Raises
    `AssociationNotFound`.
    """
    association = await association_of(session, code, actor)
    return await repository.list_curated(session, association.code, at)
