"""Statements about letters."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col, delete, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.letters import LetterState
from services.rating.domain.slices import SliceStatus
from services.rating.models import LetterFile, Slice, SliceLetter
from services.rating.repository.newest import table_of
from shared.errors import NotFound


class LetterNotFound(NotFound):
    """There is no such letter, or it is another region's."""

    code = "letter_not_found"
    title = "Письмо не найдено"


async def unprepared(session: AsyncSession) -> Slice | None:
    """The oldest frozen slice whose letters are to be made, ours until the transaction ends."""
    letters = select(SliceLetter.id).where(col(SliceLetter.slice_id) == col(Slice.id))
    statement = (
        select(Slice)
        .where(
            col(Slice.status) != SliceStatus.DRAFT,
            col(Slice.sent_at).is_(None),
            ~letters.exists(),
        )
        .order_by(col(Slice.period), col(Slice.revision))
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return (await session.exec(statement)).first()


async def decided(session: AsyncSession) -> Sequence[UUID]:
    """Frozen slices that have letters, of which none waits any more."""
    letters = select(SliceLetter.id).where(col(SliceLetter.slice_id) == col(Slice.id))
    waiting = letters.where(col(SliceLetter.state) == LetterState.PREPARED)
    statement = select(Slice.id).where(
        col(Slice.status) != SliceStatus.DRAFT,
        col(Slice.sent_at).is_(None),
        letters.exists(),
        ~waiting.exists(),
    )
    return (await session.exec(statement)).all()


async def keep(session: AsyncSession, letters: Sequence[SliceLetter]) -> None:
    """Add the letters; one there already stays as it is."""
    statement = upsert(table_of(SliceLetter)).values([one.model_dump() for one in letters])
    await session.exec(statement.on_conflict_do_nothing(index_elements=["slice_id", "region"]))


async def lock_letter(session: AsyncSession, letter_id: UUID) -> SliceLetter:
    """The letter, ours until the transaction ends. Raises `LetterNotFound`."""
    statement = select(SliceLetter).where(col(SliceLetter.id) == letter_id).with_for_update()
    found = (await session.exec(statement)).first()
    if found is None:
        raise LetterNotFound("Такого письма нет.")
    return found


async def letter_of(
    session: AsyncSession, slice_id: UUID, region: str, *, lock: bool = False
) -> SliceLetter:
    """Raises `LetterNotFound`."""
    statement = select(SliceLetter).where(
        col(SliceLetter.slice_id) == slice_id, col(SliceLetter.region) == region
    )
    found = (await session.exec(statement.with_for_update() if lock else statement)).first()
    if found is None:
        raise LetterNotFound("Такого письма нет.", field="path.code")
    return found


async def letter_by_token(session: AsyncSession, token: str) -> SliceLetter:
    """Raises `LetterNotFound`."""
    statement = select(SliceLetter).where(col(SliceLetter.token) == token).with_for_update()
    found = (await session.exec(statement)).first()
    if found is None:
        raise LetterNotFound(
            "Такого письма нет. Ссылка могла смениться: действует та, что в последнем письме."
        )
    return found


async def letters_of(
    session: AsyncSession, slice_id: UUID, regions: frozenset[str] | None
) -> Sequence[SliceLetter]:
    """The slice's letters by region; of these regions where any are named."""
    statement = (
        select(SliceLetter)
        .where(col(SliceLetter.slice_id) == slice_id)
        .order_by(col(SliceLetter.region))
    )
    if regions is not None:
        statement = statement.where(col(SliceLetter.region).in_(regions))
    return (await session.exec(statement)).all()


async def delete_files(session: AsyncSession, letter: SliceLetter) -> None:
    """Forget the letter's files as made for whom it is written to now."""
    await session.exec(
        delete(LetterFile).where(
            col(LetterFile.letter_id) == letter.id,
            col(LetterFile.turn) == letter.addressed_turn,
        )
    )


async def waiting(session: AsyncSession) -> Sequence[tuple[UUID, int]]:
    """Letters that wait to be sent, and their turns."""
    statement = select(SliceLetter.id, SliceLetter.turn).where(
        col(SliceLetter.state) == LetterState.PREPARED
    )
    return (await session.exec(statement)).all()


async def earlier_scores(
    session: AsyncSession, region: str, period: str, *, months: int
) -> list[tuple[str, int | None, int | None]]:
    """(month, stabilised, place) of the newest slices before the month, oldest first."""
    connection = await session.connection()
    rows = await connection.execute(
        text(
            "select distinct on (s.period) s.period, r.stabilised_bp, r.place"
            " from slices s join slice_rows r on r.slice_id = s.id and r.region = :region"
            " where s.period < :period and s.status <> 'draft'"
            " order by s.period desc, s.revision desc limit :months"
        ),
        {"region": region, "period": period, "months": months},
    )
    return [(row[0], row[1], row[2]) for row in rows][::-1]
