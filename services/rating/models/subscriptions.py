"""Who wants to be told, of what and where."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.rating.domain.webhooks import SubscriptionStatus
from services.rating.models.base import Base
from shared.db import UtcDateTime, text_enum
from shared.ids import new_id


class Subscription(Base, table=True):
    """An address that slices and standings are pushed to. A deleted one keeps its receipts."""

    __tablename__ = "subscriptions"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    # The subject of the token it was made with: only they and ЦУР see it.
    owner: str = Field(index=True)
    url: str
    description: str | None = None
    event_types: list[str] = Field(sa_type=ARRAY(String))
    # Whose standings; null for all.
    regions: list[str] | None = Field(default=None, sa_type=ARRAY(String))
    status: SubscriptionStatus = Field(
        default=SubscriptionStatus.ACTIVE, sa_type=text_enum(SubscriptionStatus)
    )
    # Why it is disabled.
    reason: str | None = None
    # Sealed, both of them.
    secret: str
    # Signs as well until then, so that the receiver can change over.
    previous_secret: str | None = None
    previous_secret_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # The first failure since the last success.
    failing_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # The last line of standings that is delivered or on its way.
    lines_told: int = Field(default=0, sa_type=BigInteger)
    created_at: datetime = Field(sa_type=UtcDateTime)
    deleted_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    version: int = 1
