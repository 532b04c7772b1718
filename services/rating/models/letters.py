"""Letters of slices, and the files they carry."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import UniqueConstraint, text
from sqlmodel import Field

from services.rating.domain.letters import LetterState
from services.rating.models.base import Base
from shared.db import UtcDateTime, text_enum
from shared.ids import new_id


class SliceLetter(Base, table=True):
    """The letter to the head of a region's authority; one per slice and region."""

    __tablename__ = "slice_letters"
    __table_args__ = (UniqueConstraint("slice_id", "region"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    slice_id: UUID = Field(foreign_key="slices.id")
    region: str
    # Who is written to; null while the office is vacant. The address is asked for when sending.
    person_id: UUID | None = None
    addressee: str | None = None
    state: LetterState = Field(sa_type=text_enum(LetterState))
    # What the link of acknowledgement proves; the same in a letter repeated to the same person.
    token: str = Field(unique=True)
    attempts: int = 0
    # Grows with every resend: another job, another Message-ID.
    turn: int = 0
    # The turn since which it is written to this person: its files are made once, for all of them.
    addressed_turn: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    last_error: str | None = None
    prepared_at: datetime = Field(sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # What a notification of delivery says, and which: nothing else makes it delivered.
    delivered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    delivery_note: str | None = None
    acknowledged_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    acknowledged_by: str | None = None
    version: int = 1


class LetterFile(Base, table=True):
    """The files as they were sent; letters of before there were tables have none.

    What was sent before under another turn stays beside the newest and is shown to nobody: to the
    head before, or with a link of acknowledgement in it.
    """

    __tablename__ = "letter_files"

    letter_id: UUID = Field(foreign_key="slice_letters.id", primary_key=True)
    # The letter's `addressed_turn` when they were made.
    turn: int = Field(default=0, primary_key=True, sa_column_kwargs={"server_default": text("0")})
    pdf: bytes
    xlsx: bytes | None = None
