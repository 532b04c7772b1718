"""What the rating keeps of an execution's facts, as it hears them."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

import msgspec

from shared.events.views import Int32, View

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class HeardFacts(View, frozen=True, kw_only=True, gc=False):
    """One version of an execution's facts; dates are in the region's zone, instants are UTC."""

    execution_id: UUID
    version: Int32
    assignment_id: UUID
    cluster_id: UUID | None
    region: str
    cohort: Int32 | None
    industry: str | None
    origin: str
    role: str
    addressee: str
    weight: Int32
    issued_on: date
    due0: date
    due: date
    status: str
    submitted_at: Instant | None
    done: date | None
    returns: Int32
    returned_on: date | None
    extensions: Int32
    occurred_at: Instant
