"""Tables of the assignments database, one module per noun. Rows hold state; `domain` decides."""

from services.assignments.models.assignments import Assignment, Recurrence
from services.assignments.models.base import Base
from services.assignments.models.coordination import Absence, AutoForwarding, Subtask, Tenure
from services.assignments.models.directory import KnownCluster, KnownRegion
from services.assignments.models.executions import Execution, ExecutionStep
from services.assignments.models.extensions import Extension
from services.assignments.models.files import StoredFile
from services.assignments.models.notifications import (
    Notification,
    NotificationLine,
    ReminderDay,
)
from services.assignments.models.policies import ControlPolicy
from services.assignments.models.register import SavedView

__all__ = [
    "Absence",
    "Assignment",
    "AutoForwarding",
    "Base",
    "ControlPolicy",
    "Execution",
    "ExecutionStep",
    "Extension",
    "KnownCluster",
    "KnownRegion",
    "Notification",
    "NotificationLine",
    "Recurrence",
    "ReminderDay",
    "SavedView",
    "StoredFile",
    "Subtask",
    "Tenure",
]
