"""A cluster's life as it is written down, and told."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.clusters import STATUS_NAMES, ChangeKind, ClusterStatus
from services.directory.domain.relations import RULES, RelationKind
from services.directory.models import Cluster, ClusterChange
from services.directory.service.rows import facts_of
from shared.events.directory import ClusterEvent
from shared.ids import new_id


def event_of(cluster: Cluster, kind: type[ClusterEvent], *, now: datetime) -> ClusterEvent:
    """The cluster's facts as they travel."""
    return kind(**facts_of(cluster, ClusterEvent), cluster_id=cluster.id, occurred_at=now)


def entry(
    cluster: Cluster,
    kind: ChangeKind,
    *,
    on: date,
    by: str,
    now: datetime,
    reason: str | None = None,
    **details: Any,
) -> ClusterChange:
    """An entry of the cluster's timeline, not yet written."""
    return ClusterChange(
        id=new_id(),
        cluster_id=cluster.id,
        kind=kind,
        effective_on=on,
        reason=reason,
        details={name: str(value) for name, value in details.items()},
        recorded_at=now,
        recorded_by=by,
    )


async def note(
    session: AsyncSession,
    cluster: Cluster,
    kind: ChangeKind,
    *,
    on: date,
    by: str,
    now: datetime,
    reason: str | None = None,
    **details: Any,
) -> None:
    """Write an entry of the cluster's timeline."""
    session.add(entry(cluster, kind, on=on, by=by, now=now, reason=reason, **details))
    await session.flush()


def text_of(change: ClusterChange) -> str:
    """The entry as a sentence."""
    details = change.details
    said = _SENTENCES[change.kind]
    if change.kind in (
        ChangeKind.RELATED,
        ChangeKind.RELATION_ENDED,
        ChangeKind.RELATION_CANCELLED,
    ):
        details = {**details, "place": RULES[RelationKind(details["relation"])].name}
    if change.kind is ChangeKind.REGISTERED:
        details = {**details, "standing": STATUS_NAMES[ClusterStatus(details["status"])]}
    return said.format_map(details)


_SENTENCES: Mapping[ChangeKind, str] = {
    ChangeKind.REGISTERED: "Внесён в справочник: «{name}», {standing}",
    ChangeKind.RENAMED: "Переименован: было «{was}», стало «{name}»",
    ChangeKind.INDUSTRY_CORRECTED: "Уточнена отрасль: было «{was}», стало «{industry}»",
    ChangeKind.COHORT_CORRECTED: "Уточнена когорта: была {was}, стала {cohort}",
    ChangeKind.ACTIVATED: "Действует",
    ChangeKind.REORGANISED: "Реорганизуется",
    ChangeKind.CLOSED: "Закрыт",
    ChangeKind.MERGED: "Присоединён к кластеру {code} «{name}»",
    ChangeKind.ABSORBED: "Принял кластер {code} «{name}»",
    ChangeKind.RELATED: "Теперь {place}: {organisation}",
    ChangeKind.RELATION_ENDED: "Больше не {place}: {organisation}",
    ChangeKind.RELATION_CANCELLED: "Отменено, {place}: {organisation}",
}
