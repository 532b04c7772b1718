"""Tables of the meetings database. Rows hold state; `domain` decides.

Triggers of the first migration keep an approved protocol and its items as they are.
"""

from services.meetings.models.agendas import AgendaControl, AgendaItem, AgendaReceipt
from services.meetings.models.base import Base
from services.meetings.models.calendars import CalendarFeed
from services.meetings.models.cyclograms import Cyclogram, CyclogramTemplate
from services.meetings.models.directory import (
    ClusterVersion,
    KnownAppointment,
    KnownCluster,
    KnownRegion,
)
from services.meetings.models.executions import KnownExecution
from services.meetings.models.meetings import Meeting, MeetingMove
from services.meetings.models.participation import AttendanceImport, AttendanceTally, Participation
from services.meetings.models.processes import Process, ProcessState
from services.meetings.models.protocols import Protocol, ProtocolItem, ProtocolNumber
from services.meetings.models.reviews import Approver, Decision, Remark
from services.meetings.models.series import MeetingSeries, SeriesException

__all__ = [
    "AgendaControl",
    "AgendaItem",
    "AgendaReceipt",
    "Approver",
    "AttendanceImport",
    "AttendanceTally",
    "Base",
    "CalendarFeed",
    "ClusterVersion",
    "Cyclogram",
    "CyclogramTemplate",
    "Decision",
    "KnownAppointment",
    "KnownCluster",
    "KnownExecution",
    "KnownRegion",
    "Meeting",
    "MeetingMove",
    "MeetingSeries",
    "Participation",
    "Process",
    "ProcessState",
    "Protocol",
    "ProtocolItem",
    "ProtocolNumber",
    "Remark",
    "SeriesException",
]
