"""Statements of erasures: letters to one person."""

from uuid import UUID

from sqlalchemy import case, tuple_
from sqlmodel import col, delete, or_, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.letters import LetterState
from services.rating.models import LetterFile, SliceLetter


async def delete_unsent_files(session: AsyncSession, person_id: UUID) -> None:
    """Files of letters to the person that have never been sent."""
    unsent = select(SliceLetter.id, SliceLetter.addressed_turn).where(
        col(SliceLetter.person_id) == person_id, col(SliceLetter.sent_at).is_(None)
    )
    files = tuple_(col(LetterFile.letter_id), col(LetterFile.turn))
    await session.exec(delete(LetterFile).where(files.in_(unsent)))


async def call_off(session: AsyncSession, person_id: UUID, reason: str) -> None:
    """Letters to the person that wait will not be sent."""
    await session.exec(
        update(SliceLetter)
        .where(
            col(SliceLetter.person_id) == person_id,
            col(SliceLetter.state) == LetterState.PREPARED,
        )
        .values(state=LetterState.FAILED, last_error=reason, version=col(SliceLetter.version) + 1)
    )


async def rename_addressee(session: AsyncSession, person_id: UUID, called: str, but: str) -> None:
    """What the person is called in letters to them.

    Errors, all `but` one, and notes of delivery may quote an address: they go.
    """
    await session.exec(
        update(SliceLetter)
        .where(
            col(SliceLetter.person_id) == person_id,
            or_(
                col(SliceLetter.addressee).is_distinct_from(called),
                col(SliceLetter.last_error) != but,
                col(SliceLetter.delivery_note).is_not(None),
            ),
        )
        .values(
            addressee=called,
            last_error=case((col(SliceLetter.last_error) == but, but)),
            delivery_note=None,
            version=col(SliceLetter.version) + 1,
        )
    )
