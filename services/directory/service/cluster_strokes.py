"""Many clusters entered and changed at once: the rules of one, in a few statements for all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from services.directory.domain.clusters import ChangeKind, ClusterStatus, next_status, step_to
from services.directory.domain.imports import Plan, RowAction
from services.directory.domain.relations import RelationKind
from services.directory.models import (
    Cluster,
    ClusterChange,
    ClusterTenure,
    Mandate,
    Membership,
    Organisation,
    Relation,
)
from services.directory.repository import associations, clusters, relations, rows
from services.directory.repository import lists as repository
from services.directory.service.cluster_life import TOLD, follow
from services.directory.service.days import today
from services.directory.service.departures import depart
from services.directory.service.relations import DAY, check_fits, relation_entry
from services.directory.service.timeline import entry, event_of
from shared import outbox
from shared.events.directory import (
    ClusterChanged,
    ClusterClosed,
    ClusterEvent,
    ClusterRegistered,
    MembershipEnded,
)
from shared.ids import new_id

_COLLEGE: Final = "core_college"


@dataclass(slots=True)
class Stroke:
    """Clusters with all that belongs to them, and what becomes of them on one day.

    Nobody else writes clusters until commit; what the rows want is written by `write`.
    """

    reason: str
    by: str
    now: datetime
    known: Mapping[UUID, Cluster]
    tenures: Mapping[UUID, ClusterTenure]
    relations: Mapping[UUID, Sequence[Relation]]
    associated: dict[UUID, list[Membership | Mandate]]
    organisations: Mapping[UUID, Organisation]
    by_code: Mapping[str, Organisation]
    industries: Mapping[str, str]
    # In the order the tables want: what ends is written before what follows it begins.
    _first: list[SQLModel] = field(default_factory=list, init=False)
    _cancelled: list[SQLModel] = field(default_factory=list, init=False)
    _begun: list[SQLModel] = field(default_factory=list, init=False)
    _entries: list[ClusterChange] = field(default_factory=list, init=False)
    _told: list[tuple[Cluster, type[ClusterEvent]]] = field(default_factory=list, init=False)
    _left: list[MembershipEnded] = field(default_factory=list, init=False)

    @property
    def day(self) -> date:
        """The day the stroke is of."""
        return today(self.now)

    def register(self, plan: Plan) -> None:
        """Enter a new cluster, as it stands from today on. Raises `OrganisationNotThere`."""
        assert plan.after is not None
        facts: dict[str, Any] = dict(plan.after)
        college, status = facts.pop(_COLLEGE), ClusterStatus(facts.pop("status"))
        cluster = Cluster(id=new_id(), registered_at=self.now, status=status, **facts)
        self._first.append(cluster)
        self._begun.append(
            ClusterTenure(
                id=new_id(), cluster_id=cluster.id, status=cluster.status, valid_from=self.day
            )
        )
        self._note(cluster, ChangeKind.REGISTERED, name=cluster.name, status=cluster.status)
        if college is not None:
            self._relate(cluster, str(college))
        self._told.append((cluster, ClusterRegistered))

    def change(self, plan: Plan) -> None:
        """Bring a cluster to what its row says, as of today; told once, by its step if it has one.

        Raises `ClusterActionNotAllowed`, `EffectiveTooEarly`, `OrganisationNotThere`.
        """
        assert plan.target is not None
        assert plan.before is not None
        assert plan.after is not None
        before, after = plan.before, plan.after
        cluster = self.known[plan.target]
        told: type[ClusterEvent] = ClusterChanged
        if after["name"] != before["name"]:
            cluster.name = str(after["name"])
            self._note(cluster, ChangeKind.RENAMED, was=before["name"], name=cluster.name)
        if after["industry"] != before["industry"]:
            was, cluster.industry = self.industries[cluster.industry], str(after["industry"])
            name = self.industries[cluster.industry]
            self._note(cluster, ChangeKind.INDUSTRY_CORRECTED, was=was, industry=name)
            # Its association is another one, which it joins by itself.
            self._leave(cluster)
        if after["cohort"] != before["cohort"]:
            was, cluster.cohort = str(cluster.cohort), int(str(after["cohort"]))
            self._note(cluster, ChangeKind.COHORT_CORRECTED, was=was, cohort=cluster.cohort)
        if after["status"] != before["status"]:
            told = self._step(cluster, ClusterStatus(str(after["status"])))
        if after[_COLLEGE] != before[_COLLEGE]:
            # What closes has parted with all already.
            if told is not ClusterClosed:
                self._leave_college(cluster)
            if after[_COLLEGE] is not None:
                self._relate(cluster, str(after[_COLLEGE]))
        cluster.version += 1
        self._first.append(cluster)
        self._told.append((cluster, told))

    def _step(self, cluster: Cluster, wanted: ClusterStatus) -> type[ClusterEvent]:
        action = step_to(wanted, cluster.status)
        cluster.status = next_status(cluster.status, action)
        tenure = self.tenures[cluster.id]
        following = follow(tenure, cluster.status, on=self.day)
        self._first.append(tenure)
        if following is not None:
            self._begun.append(following)
        kind, event = TOLD[action]
        self._note(cluster, kind)
        if cluster.status is ClusterStatus.CLOSED:
            for one in self.relations.get(cluster.id, ()):
                self._part(cluster, one)
            self._leave(cluster)
        return event

    def _leave(self, cluster: Cluster) -> None:
        # Once: what is of another industry and closes at that has left already.
        held = self.associated.pop(cluster.id, ())
        left = depart(cluster, held, on=self.day, now=self.now)
        self._first.extend(left.ended)
        self._cancelled.extend(left.cancelled)
        self._left.extend(left.told)

    def _leave_college(self, cluster: Cluster) -> None:
        for one in self.relations.get(cluster.id, ()):
            if one.kind is RelationKind.CORE_COLLEGE and one.valid_from <= self.day:
                self._part(cluster, one)

    def _part(self, cluster: Cluster, relation: Relation) -> None:
        kind = ChangeKind.RELATION_CANCELLED
        if relation.valid_from < self.day:
            kind = ChangeKind.RELATION_ENDED
            relation.valid_to = self.day - DAY
            relation.version += 1
            self._first.append(relation)
        else:
            self._cancelled.append(relation)
        self._note_relation(cluster, kind, relation)

    def _relate(self, cluster: Cluster, code: str) -> None:
        college = self.by_code[code]
        relation = Relation(
            id=new_id(),
            kind=RelationKind.CORE_COLLEGE,
            organisation_id=college.id,
            cluster_id=cluster.id,
            valid_from=self.day,
        )
        check_fits(college, relation, field="core_college")
        self._begun.append(relation)
        self._note_relation(cluster, ChangeKind.RELATED, relation)

    def _note(self, cluster: Cluster, kind: ChangeKind, **details: Any) -> None:
        self._entries.append(
            entry(
                cluster, kind, on=self.day, by=self.by, now=self.now, reason=self.reason, **details
            )
        )

    def _note_relation(self, cluster: Cluster, kind: ChangeKind, relation: Relation) -> None:
        organisation = self.organisations[relation.organisation_id]
        self._entries.append(
            relation_entry(
                cluster, kind, relation, organisation,
                by=self.by, now=self.now, reason=self.reason,
            )
        )  # fmt: skip

    async def write(self, session: AsyncSession) -> None:
        """Write it all, and tell of every cluster once. Raises `ClusterCodeTaken`."""
        await rows.save(session, *self._first)
        for cancelled in self._cancelled:
            await session.delete(cancelled)
        await session.flush()
        await rows.save(session, *self._begun)
        await rows.save(session, *self._entries)
        told = [event_of(cluster, event, now=self.now) for cluster, event in self._told]
        await outbox.add(session, [*self._left, *told])


async def load(
    session: AsyncSession, plans: Sequence[Plan], *, reason: str, by: str, now: datetime
) -> Stroke:
    """What the plans need of the directory, locked; `reason` stands in every timeline."""
    changed = {
        plan.target: plan for plan in plans if plan.target and plan.action is RowAction.CHANGE
    }
    stepping = {id_ for id_, plan in changed.items() if _differs(plan, "status")}
    parting = [id_ for id_, plan in changed.items() if id_ in stepping or _differs(plan, _COLLEGE)]
    standing = await relations.standing(session, *parting, since=today(now)) if parting else []
    leaving = [
        id_ for id_, plan in changed.items() if id_ in stepping or _differs(plan, "industry")
    ]
    held = await associations.standing(session, *leaving, since=today(now)) if leaving else []
    associated: dict[UUID, list[Membership | Mandate]] = {}
    for one in held:
        assert one.cluster_id is not None
        associated.setdefault(one.cluster_id, []).append(one)
    codes = {str(plan.after[_COLLEGE]) for plan in plans if plan.after and plan.after[_COLLEGE]}
    joined = {relation.organisation_id for relation in standing}
    organisations = await repository.organisations_of(session, codes=codes, ids=joined)
    of_cluster: dict[UUID, list[Relation]] = {}
    for relation in standing:
        assert relation.cluster_id is not None
        of_cluster.setdefault(relation.cluster_id, []).append(relation)
    return Stroke(
        reason=reason,
        by=by,
        now=now,
        known=await repository.clusters_of(session, list(changed)),
        tenures=await clusters.tenures_of(session, stepping),
        relations=of_cluster,
        associated=associated,
        organisations={organisation.id: organisation for organisation in organisations},
        by_code={organisation.code: organisation for organisation in organisations},
        industries=await repository.industry_names(session),
    )


def _differs(plan: Plan, name: str) -> bool:
    assert plan.before is not None
    assert plan.after is not None
    return plan.before[name] != plan.after[name]
