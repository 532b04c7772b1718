"""Tables of the rating database: facts heard from others, and standings worked out of them."""

from services.rating.models.appeals import Appeal
from services.rating.models.assignments import Assignment
from services.rating.models.attendance import AttendanceVersion
from services.rating.models.base import Base
from services.rating.models.deliveries import (
    Announcement,
    Delivery,
    DeliveryAttempt,
    StandingLine,
)
from services.rating.models.directory import Cluster, Region
from services.rating.models.facts import ExecutionFacts, ExecutionVersion, FactColumns
from services.rating.models.letters import LetterFile, SliceLetter
from services.rating.models.methodologies import MethodologyAct, MethodologyDocument
from services.rating.models.reconciliations import Reconciliation
from services.rating.models.slices import Slice, SliceCorrection, SliceInput, SliceRow
from services.rating.models.standings import Standing, Touched
from services.rating.models.subscriptions import Subscription
from services.rating.models.trends import TallyColumns, TrendMark, TrendPoint

__all__ = [
    "Announcement",
    "Appeal",
    "Assignment",
    "AttendanceVersion",
    "Base",
    "Cluster",
    "Delivery",
    "DeliveryAttempt",
    "ExecutionFacts",
    "ExecutionVersion",
    "FactColumns",
    "LetterFile",
    "MethodologyAct",
    "MethodologyDocument",
    "Reconciliation",
    "Region",
    "Slice",
    "SliceCorrection",
    "SliceInput",
    "SliceLetter",
    "SliceRow",
    "Standing",
    "StandingLine",
    "Subscription",
    "TallyColumns",
    "Touched",
    "TrendMark",
    "TrendPoint",
]
