"""Tables of the directory's database. Rows hold state; `domain` decides."""

from services.directory.models.appointment_requests import AppointmentRequest
from services.directory.models.appointments import Appointment
from services.directory.models.base import Base
from services.directory.models.clusters import Cluster, ClusterChange, ClusterTenure
from services.directory.models.organisations import Organisation
from services.directory.models.people import Person
from services.directory.models.regions import Industry, Region
from services.directory.models.relations import Relation

__all__ = [
    "Appointment",
    "AppointmentRequest",
    "Base",
    "Cluster",
    "ClusterChange",
    "ClusterTenure",
    "Industry",
    "Organisation",
    "Person",
    "Region",
    "Relation",
]
