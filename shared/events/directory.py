"""Facts published by the directory service. No personal data travels: people are ids."""

from datetime import date
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.events.base import Event, partition_of


class RegionEvent(Event):
    """A region of the country as the directory knows it."""

    topic: ClassVar = "directory.regions"

    code: str
    name: str
    short_name: str
    federal_district: str
    timezone: str

    @property
    def key(self) -> str:
        return self.code


class RegionRegistered(RegionEvent):
    """A region was entered."""

    type: ClassVar = "directory.region.registered.v1"


class RegionChanged(RegionEvent):
    """A region's name, district, time zone or authority changed."""

    type: ClassVar = "directory.region.changed.v1"


class ClusterEvent(Event):
    """A cluster: its region, industry, the year its cohort won, and where it stands.

    A closed one that was merged names its successor, which may have been merged since.
    """

    topic: ClassVar = "directory.clusters"

    cluster_id: UUID
    code: str
    name: str
    region: str
    industry: str
    cohort: int
    status: Literal["planned", "active", "reorganised", "closed"]
    merged_into: UUID | None = None

    @property
    def key(self) -> str:
        return str(self.cluster_id)

    @property
    def partition(self) -> int:
        return partition_of(self.region)


class ClusterRegistered(ClusterEvent):
    """A cluster was entered."""

    type: ClassVar = "directory.cluster.registered.v1"


class ClusterChanged(ClusterEvent):
    """A cluster's facts changed."""

    type: ClassVar = "directory.cluster.changed.v1"


class ClusterActivated(ClusterEvent):
    """A cluster is at work (again)."""

    type: ClassVar = "directory.cluster.activated.v1"


class ClusterReorganised(ClusterEvent):
    """A cluster is being reorganised; it is addressed by nobody until it is at work again."""

    type: ClassVar = "directory.cluster.reorganised.v1"


class ClusterClosed(ClusterEvent):
    """A cluster was closed for good."""

    type: ClassVar = "directory.cluster.closed.v1"


class ClusterMerged(ClusterEvent):
    """A cluster was closed into another one: `merged_into`."""

    type: ClassVar = "directory.cluster.merged.v1"


class AppointmentEvent(Event):
    """Who holds an office in a region, from and to which dates (inclusive)."""

    topic: ClassVar = "directory.appointments"

    appointment_id: UUID
    region: str
    office: Literal["coordinator", "deputy", "authority_head"]
    person_id: UUID
    valid_from: date
    valid_to: date | None

    @property
    def key(self) -> str:
        return str(self.appointment_id)

    @property
    def partition(self) -> int:
        return partition_of(self.region)


class AppointmentMade(AppointmentEvent):
    """A person was appointed to an office of the region."""

    type: ClassVar = "directory.appointment.made.v1"


class AppointmentEnded(AppointmentEvent):
    """The tenure got its last day."""

    type: ClassVar = "directory.appointment.ended.v1"


class PersonErased(Event):
    """A person's name and contacts were erased; whoever holds a copy of anything does the same.

    `subjects` are the accounts that were theirs: ids without a meaning of their own.
    """

    type: ClassVar = "directory.person.erased.v1"
    topic: ClassVar = "directory.appointments"

    person_id: UUID
    subjects: list[str] = Field(default=[])

    @property
    def key(self) -> str:
        return str(self.person_id)


class AssociationEvent(Event):
    """The association of an industry's clusters; planned until it has its day."""

    topic: ClassVar = "directory.associations"

    code: str
    name: str
    constituted_on: date | None

    @property
    def key(self) -> str:
        return self.code


class AssociationRegistered(AssociationEvent):
    """An association was entered: planned, or with the day it was constituted on."""

    type: ClassVar = "directory.association.registered.v1"


class AssociationConstituted(AssociationEvent):
    """A planned association got the day it was constituted on."""

    type: ClassVar = "directory.association.constituted.v1"


class MembershipEvent(Event):
    """A cluster's membership in its association, from and to which dates (inclusive)."""

    topic: ClassVar = "directory.associations"

    membership_id: UUID
    association: str
    cluster_id: UUID
    region: str
    valid_from: date
    valid_to: date | None

    @property
    def key(self) -> str:
        return str(self.membership_id)

    @property
    def partition(self) -> int:
        return partition_of(self.region)


class MembershipStarted(MembershipEvent):
    """A cluster joined the association of its industry."""

    type: ClassVar = "directory.membership.started.v1"


class MembershipEnded(MembershipEvent):
    """The membership got its last day."""

    type: ClassVar = "directory.membership.ended.v1"


class PracticeEvent(Event):
    """A practice of a cluster, and how far it has come in its association."""

    topic: ClassVar = "directory.associations"

    practice_id: UUID
    association: str
    cluster_id: UUID
    region: str
    title: str
    status: Literal["nominated", "reviewed", "selected", "replicated", "declined"]

    @property
    def key(self) -> str:
        return str(self.practice_id)

    @property
    def partition(self) -> int:
        return partition_of(self.region)


class PracticeNominated(PracticeEvent):
    """A practice was nominated as one of the industry's best."""

    type: ClassVar = "directory.practice.nominated.v1"


class PracticeReviewed(PracticeEvent):
    """A reviewer gave the practice points."""

    type: ClassVar = "directory.practice.reviewed.v1"


class PracticeSelected(PracticeEvent):
    """The practice was selected as one of the best."""

    type: ClassVar = "directory.practice.selected.v1"


class PracticeDeclined(PracticeEvent):
    """The practice was not selected."""

    type: ClassVar = "directory.practice.declined.v1"


class PracticeReplicated(PracticeEvent):
    """Another cluster took the practice over."""

    type: ClassVar = "directory.practice.replicated.v1"


class LeaderConfirmed(Event):
    """A person confirmed a region, a college or an enterprise as a leader."""

    type: ClassVar = "directory.leader.confirmed.v1"
    topic: ClassVar = "directory.associations"

    leader_id: UUID
    kind: Literal["region", "college", "enterprise"]
    # The region's code or the organisation's id.
    subject: str
    association: str | None
    source: Literal["slice", "practice"]
    source_ref: str

    @property
    def key(self) -> str:
        return str(self.leader_id)


class ReportEvent(Event):
    """An association's report for a year; its content is fixed by the hash."""

    topic: ClassVar = "directory.associations"

    report_id: UUID
    association: str
    year: int
    status: Literal["approved", "published"]
    content_hash: str

    @property
    def key(self) -> str:
        return str(self.report_id)


class ReportApproved(ReportEvent):
    """The report was approved; it never changes again."""

    type: ClassVar = "directory.report.approved.v1"


class ReportPublished(ReportEvent):
    """The report was published."""

    type: ClassVar = "directory.report.published.v1"
