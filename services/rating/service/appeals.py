"""Appeals: filed before the month is frozen; decided by an event of assignments or by a note."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.appeals import (
    AppealStatus,
    Contested,
    reason_of,
    refuse_another_s,
    refuse_decided,
)
from services.rating.domain.periods import Period
from services.rating.domain.slices import Correction
from services.rating.models import Appeal, ExecutionFacts
from services.rating.repository import appeals as repository
from services.rating.repository import slices as frozen
from services.rating.service import slices
from services.rating.service.regions import current_period
from shared.errors import Conflict, Invalid, expect_version


class AppealTooLate(Conflict):
    """The month is frozen: what is wrong in it is put right by a revision."""

    code = "appeal_too_late"
    title = "Срез месяца уже сделан"


class AppealOpen(Conflict):
    """One execution is contested once at a time."""

    code = "appeal_open"
    title = "Апелляция уже подана"


class AppealPointless(Invalid):
    """The execution cannot count in any score."""

    code = "appeal_pointless"
    title = "Исполнение не участвует в рейтинге"


class NotCorrectedYet(Conflict):
    """The execution's facts are still those that were contested."""

    code = "not_corrected_yet"
    title = "Исправление ещё не сделано"


async def file(
    session: AsyncSession,
    execution_id: UUID,
    regions: frozenset[str] | None,
    *,
    period: str | None,
    contested: Contested,
    text: str,
    by: str,
    now: datetime,
) -> Appeal:
    """Contest a fact of an execution of one of these regions.

    `period`: the month it counts in; by default that of the due date, or the one that runs for
    a debt carried into it. Raises `ExecutionNotHeard`, `AppealPointless`, `AppealTooLate`,
    `AppealOpen`.
    """
    facts = await repository.newest_facts_of(session, execution_id, regions)
    _refuse_pointless(facts)
    month = (
        Period.parse(period)
        if period
        else max(Period.month_of(facts.due), current_period(now), key=lambda one: one.start)
    )
    if await frozen.newest_of(session, str(month)) is not None:
        raise AppealTooLate(
            f"Срез за {month} уже сделан; ошибку в нём исправляет ЦУР ревизией.",
            field="body.period",
        )
    if await repository.open_appeal_of(session, execution_id) is not None:
        raise _already_open()
    appeal = Appeal(
        region=facts.region,
        execution_id=execution_id,
        period=str(month),
        contested=contested,
        facts_version=facts.version,
        text=text,
        status=AppealStatus.OPEN,
        filed_by=by,
        filed_at=now,
    )
    try:
        async with session.begin_nested():
            session.add(appeal)
            await session.flush()
    except IntegrityError as error:
        # Another of the region's people was quicker by a moment.
        raise _already_open() from error
    return appeal


def _already_open() -> AppealOpen:
    return AppealOpen(
        "По этому исполнению апелляция уже рассматривается.", field="body.execution_id"
    )


def _refuse_pointless(facts: ExecutionFacts) -> None:
    if (facts.origin, facts.role, facts.addressee) != ("protocol", "lead", "cluster"):
        raise AppealPointless(
            "Балл складывают только протокольные поручения кластерам: это исполнение не"
            " участвует в рейтинге.",
            field="body.execution_id",
        )


async def uphold(
    session: AsyncSession,
    appeal_id: UUID,
    regions: frozenset[str] | None,
    note: str,
    *,
    as_note: bool,
    expected: int | None,
    by: str,
    now: datetime,
) -> Appeal:
    """Agree with the region: the facts were corrected in assignments since, or `as_note` alone.

    A month frozen meanwhile is revised in the same transaction, if the correction changes its
    result; one that is not yet, when it is frozen. Raises `AppealNotFound`, `VersionMismatch`,
    `AppealDecided`, `NotCorrectedYet`, `SliceNotReproduced`.
    """
    # A month that is being frozen would not see the decision, nor the decision the month.
    await frozen.wait_for_turn(session)
    appeal = await repository.get_appeal(session, appeal_id, regions, lock=True)
    expect_version(appeal.version, expected)
    refuse_decided(appeal.status)
    if not as_note:
        facts = await repository.newest_facts_of(session, appeal.execution_id, None)
        if facts.version <= appeal.facts_version:
            raise NotCorrectedYet(
                "Факты исполнения те же, что при подаче. Исправьте их в сервисе поручений"
                " (перенос срока, снятие, приёмка) и повторите, когда рейтинг их услышит;"
                " либо решите примечанием (as_note).",
                field="body.as_note",
            )
        appeal.corrected_version = facts.version
        appeal.slice_id = await _revise(session, appeal, facts.version, note, by=by, now=now)
    return await _decide(session, appeal, AppealStatus.UPHELD, note, by=by, now=now)


async def _revise(
    session: AsyncSession, appeal: Appeal, version: int, note: str, *, by: str, now: datetime
) -> UUID | None:
    """The revision of the month, where it is frozen and the correction changes its result."""
    newest = await frozen.newest_of(session, appeal.period)
    if newest is None:
        return None
    reason = reason_of(appeal.region, note)
    correction = Correction(appeal.execution_id, version, reason)
    revision = await slices.revise_where_it_counts(
        session, newest, reason, [correction], by=by, now=now
    )
    return None if revision is None else revision.id


async def reject(
    session: AsyncSession,
    appeal_id: UUID,
    regions: frozenset[str] | None,
    note: str,
    *,
    expected: int | None,
    by: str,
    now: datetime,
) -> Appeal:
    """Disagree, and say why. Raises `AppealNotFound`, `VersionMismatch`, `AppealDecided`."""
    appeal = await repository.get_appeal(session, appeal_id, regions, lock=True)
    expect_version(appeal.version, expected)
    refuse_decided(appeal.status)
    return await _decide(session, appeal, AppealStatus.REJECTED, note, by=by, now=now)


async def withdraw(
    session: AsyncSession,
    appeal_id: UUID,
    regions: frozenset[str] | None,
    *,
    coordinates: bool,
    expected: int | None,
    by: str,
    now: datetime,
) -> Appeal:
    """Take back one's own appeal, or, as who `coordinates` the region, any of the region's.

    Raises `AppealNotFound`, `NotYourAppeal`, `VersionMismatch`, `AppealDecided`.
    """
    appeal = await repository.get_appeal(session, appeal_id, regions, lock=True)
    refuse_another_s(appeal.filed_by, by, coordinates=coordinates)
    expect_version(appeal.version, expected)
    refuse_decided(appeal.status)
    return await _decide(session, appeal, AppealStatus.WITHDRAWN, None, by=by, now=now)


async def _decide(
    session: AsyncSession,
    appeal: Appeal,
    status: AppealStatus,
    note: str | None,
    *,
    by: str,
    now: datetime,
) -> Appeal:
    appeal.status, appeal.decision = status, note
    appeal.decided_by, appeal.decided_at = by, now
    appeal.version += 1
    session.add(appeal)
    await session.flush()
    return appeal
