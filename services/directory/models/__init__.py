"""Tables of the directory's database. Rows hold state; `domain` decides."""

from services.directory.models.appointments import Appointment
from services.directory.models.base import Base
from services.directory.models.channels import (
    Channel,
    ChannelPost,
    ChannelTarget,
    PostDelivery,
    PostSeat,
)
from services.directory.models.clusters import Cluster
from services.directory.models.imports import Import, ImportRow
from services.directory.models.organisations import Organisation
from services.directory.models.people import Person
from services.directory.models.regions import Industry, Region

__all__ = [
    "Appointment",
    "Base",
    "Channel",
    "ChannelPost",
    "ChannelTarget",
    "Cluster",
    "Import",
    "ImportRow",
    "Industry",
    "Organisation",
    "Person",
    "PostDelivery",
    "PostSeat",
    "Region",
]
