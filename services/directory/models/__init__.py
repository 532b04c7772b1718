"""Tables of the directory's database. Rows hold state; `domain` decides."""

from services.directory.models.activities import Activity, GroupReport, WorkingGroup
from services.directory.models.annual_reports import AnnualReport
from services.directory.models.appointment_requests import AppointmentRequest
from services.directory.models.appointments import Appointment
from services.directory.models.associations import Association, Direction, Mandate, Membership
from services.directory.models.base import Base
from services.directory.models.channels import (
    Channel,
    ChannelPost,
    ChannelTarget,
    PostDelivery,
    PostSeat,
)
from services.directory.models.clusters import Cluster, ClusterChange, ClusterTenure
from services.directory.models.erasures import Erasure
from services.directory.models.imports import Import, ImportRow
from services.directory.models.leaders import HeardSlice, Leader
from services.directory.models.organisations import Organisation
from services.directory.models.people import Person
from services.directory.models.practices import (
    Mentorship,
    Practice,
    PracticeReplication,
    PracticeReview,
)
from services.directory.models.regions import Industry, Region
from services.directory.models.relations import Relation
from services.directory.models.roadmaps import AssociationPolicyVersion, Deliverable, Milestone

__all__ = [
    "Activity",
    "AnnualReport",
    "Appointment",
    "AppointmentRequest",
    "Association",
    "AssociationPolicyVersion",
    "Base",
    "Channel",
    "ChannelPost",
    "ChannelTarget",
    "Cluster",
    "ClusterChange",
    "ClusterTenure",
    "Deliverable",
    "Direction",
    "Erasure",
    "GroupReport",
    "HeardSlice",
    "Import",
    "ImportRow",
    "Industry",
    "Leader",
    "Mandate",
    "Membership",
    "Mentorship",
    "Milestone",
    "Organisation",
    "Person",
    "PostDelivery",
    "PostSeat",
    "Practice",
    "PracticeReplication",
    "PracticeReview",
    "Region",
    "Relation",
    "WorkingGroup",
]
