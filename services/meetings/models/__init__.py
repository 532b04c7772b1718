"""Tables of the meetings database. Rows hold state; `domain` decides.

Triggers of the first migration keep an approved protocol and its items as they are.
"""

from services.meetings.models.base import Base
from services.meetings.models.cyclograms import Cyclogram, CyclogramTemplate
from services.meetings.models.directory import KnownCluster, KnownRegion
from services.meetings.models.meetings import AgendaItem, Meeting
from services.meetings.models.processes import Process, ProcessState
from services.meetings.models.protocols import Protocol, ProtocolItem, ProtocolNumber
from services.meetings.models.reviews import Approver, Decision, Remark

__all__ = [
    "AgendaItem",
    "Approver",
    "Base",
    "Cyclogram",
    "CyclogramTemplate",
    "Decision",
    "KnownCluster",
    "KnownRegion",
    "Meeting",
    "Process",
    "ProcessState",
    "Protocol",
    "ProtocolItem",
    "ProtocolNumber",
    "Remark",
]
