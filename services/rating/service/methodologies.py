"""Methodologies: which is in force for a period, its μ, and how a new one comes into force."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession
from structlog.contextvars import get_contextvars

from services.rating.domain.methodologies import Act, Methodology, Stage, next_stage
from services.rating.domain.periods import Period
from services.rating.models import MethodologyAct, MethodologyDocument
from services.rating.repository import methodologies as repository
from services.rating.repository import slices
from services.rating.repository.standings import tell_of_change
from shared.clock import MOSCOW
from shared.errors import Conflict, Invalid, expect_version


class EffectiveDateInvalid(Invalid):
    """A methodology counts from the first day of a month on."""

    code = "effective_date_invalid"
    title = "Неверная дата начала действия"


class MethodologyTooLate(Conflict):
    """The rules of a month do not change once it has begun."""

    code = "methodology_too_late"
    title = "Месяц уже начался"


async def methodology_of(session: AsyncSession, period: Period) -> Methodology:
    """The methodology in force for the period: the one in force on its first day."""
    return (await repository.in_force(session, period.start)).methodology


async def mu_of(session: AsyncSession, period: Period, methodology: Methodology) -> int:
    """μ, in basis points: constant during a period, so one region never moves another's score.

    The national raw score of the newest slice of a month before the period; of its first
    freezing, not of a revision, which would move μ in the middle of a month (ADR 0009).
    """
    found = await slices.national_before(session, f"{period.start:%Y-%m}")
    return methodology.initial_mu if found is None else found


async def create(
    session: AsyncSession,
    *,
    code: str,
    title: str,
    effective_from: date,
    numbers: Mapping[str, int],
    by: str,
    now: datetime,
) -> MethodologyDocument:
    """A draft: the next version of the code. Raises `EffectiveDateInvalid`."""
    _refuse_mid_month(effective_from)
    found = MethodologyDocument(
        code=code,
        number=await repository.next_number(session, code),
        stage=Stage.DRAFT,
        title=title,
        effective_from=effective_from,
        numbers=dict(numbers),
        created_by=by,
        created_at=now,
    )
    session.add(found)
    await session.flush()
    _record(session, found, Act.CREATE, by=by, at=now, detail={"after": _content(found)})
    return found


async def change(
    session: AsyncSession,
    methodology_id: UUID,
    *,
    title: str,
    effective_from: date,
    numbers: Mapping[str, int],
    expected: int | None,
    by: str,
    now: datetime,
) -> MethodologyDocument:
    """Change a draft.

    Raises `MethodologyNotFound`, `VersionMismatch`, `ActNotAllowed`, `EffectiveDateInvalid`.
    """
    _refuse_mid_month(effective_from)

    def apply(found: MethodologyDocument) -> dict[str, Any]:
        before = _content(found)
        found.title, found.effective_from, found.numbers = title, effective_from, dict(numbers)
        return {"before": before, "after": _content(found)}

    return await _act(session, methodology_id, Act.CHANGE, apply, expected=expected, by=by, at=now)


async def begin_shadow(
    session: AsyncSession, methodology_id: UUID, *, expected: int | None, by: str, now: datetime
) -> MethodologyDocument:
    """Fix the draft's numbers and let it be compared with what is in force, for all to see.

    Raises `MethodologyNotFound`, `VersionMismatch`, `ActNotAllowed`.
    """
    return await _act(
        session, methodology_id, Act.SHADOW, _content, expected=expected, by=by, at=now
    )


async def discard(
    session: AsyncSession,
    methodology_id: UUID,
    reason: str,
    *,
    expected: int | None,
    by: str,
    now: datetime,
) -> MethodologyDocument:
    """Give up what was never in force.

    Raises `MethodologyNotFound`, `VersionMismatch`, `ActNotAllowed`.
    """
    return await _act(
        session,
        methodology_id,
        Act.DISCARD,
        lambda _: {},
        expected=expected,
        by=by,
        at=now,
        reason=reason,
    )


async def activate(
    session: AsyncSession,
    methodology_id: UUID,
    reason: str,
    differences: Mapping[str, Any],
    *,
    expected: int | None,
    by: str,
    now: datetime,
) -> MethodologyDocument:
    """Let it count in periods from `effective_from` on; its predecessor counts before.

    `differences` are what the shadow has shown, kept with the act.
    Raises `MethodologyNotFound`, `VersionMismatch`, `ActNotAllowed`, `MethodologyTooLate`.
    """
    predecessor = await repository.lock_active(session)
    found = await repository.lock_methodology(session, methodology_id)
    expect_version(found.version, expected)
    stage = next_stage(found.stage, Act.ACTIVATE)
    _refuse_too_late(found, predecessor, now)
    predecessor.stage = next_stage(predecessor.stage, Act.RETIRE)
    predecessor.effective_to = found.effective_from - timedelta(days=1)
    predecessor.version += 1
    session.add(predecessor)
    retired = {"replaced_by": str(found.id), "effective_to": str(predecessor.effective_to)}
    _record(session, predecessor, Act.RETIRE, by=by, at=now, reason=reason, detail=retired)
    await session.flush()
    found.stage, found.activated_at = stage, now
    found.version += 1
    session.add(found)
    adopted = {"differences": dict(differences), "replaces": str(predecessor.id)}
    _record(session, found, Act.ACTIVATE, by=by, at=now, reason=reason, detail=adopted)
    await session.flush()
    await tell_of_change(session)
    return found


def _refuse_too_late(
    found: MethodologyDocument, predecessor: MethodologyDocument, now: datetime
) -> None:
    if found.effective_from <= now.astimezone(MOSCOW).date():
        raise MethodologyTooLate(
            "Правила месяца не меняются после его начала: перенесите начало действия на"
            " первое число следующего месяца (в новом черновике).",
            field="path.methodology_id",
        )
    if found.effective_from <= predecessor.effective_from:
        raise MethodologyTooLate(
            f"С {predecessor.effective_from:%d.%m.%Y} уже принята «{predecessor.title}»:"
            " новая должна начать действовать позже.",
            field="path.methodology_id",
        )


async def _act(
    session: AsyncSession,
    methodology_id: UUID,
    act: Act,
    apply: Callable[[MethodologyDocument], dict[str, Any]],
    *,
    expected: int | None,
    by: str,
    at: datetime,
    reason: str | None = None,
) -> MethodologyDocument:
    found = await repository.lock_methodology(session, methodology_id)
    expect_version(found.version, expected)
    stage = next_stage(found.stage, act)
    detail = apply(found)
    found.stage = stage
    found.version += 1
    session.add(found)
    _record(session, found, act, by=by, at=at, reason=reason, detail=detail)
    await session.flush()
    return found


def _refuse_mid_month(effective_from: date) -> None:
    if effective_from.day != 1:
        raise EffectiveDateInvalid(
            "Методика начинает действовать с первого числа месяца.", field="body.effective_from"
        )


def _content(found: MethodologyDocument) -> dict[str, Any]:
    return {
        "title": found.title,
        "effective_from": found.effective_from.isoformat(),
        "numbers": found.numbers,
    }


def _record(
    session: AsyncSession,
    found: MethodologyDocument,
    act: Act,
    *,
    by: str,
    at: datetime,
    detail: dict[str, Any],
    reason: str | None = None,
) -> None:
    session.add(
        MethodologyAct(
            methodology_id=found.id,
            act=act,
            actor=by,
            at=at,
            reason=reason,
            request_id=get_contextvars().get("request_id"),
            detail=detail,
        )
    )
