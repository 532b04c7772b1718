"""Months frozen: made when every fact is provably heard, explained, revised in sight."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.appeals import reason_of
from services.rating.domain.explanations import Part
from services.rating.domain.explanations import explain as explain_facts
from services.rating.domain.periods import Period
from services.rating.domain.scores import Tally
from services.rating.domain.slices import (
    Correction,
    Line,
    SliceStatus,
    cut_off,
    day_after,
    last_cut_off,
    month_after,
)
from services.rating.models import MethodologyDocument, Region, Slice, SliceCorrection, SliceRow
from services.rating.repository import appeals, directory, methodologies, positions
from services.rating.repository import slices as repository
from services.rating.repository.standings import tell_of_change
from services.rating.service.announcements import announce_slice
from services.rating.service.methodologies import mu_of
from services.rating.service.months import Made, corrected, facts_at_end, work_out
from services.rating.service.regions import change_since
from shared import outbox
from shared.clock import MOSCOW
from shared.errors import Conflict, Invalid
from shared.events.rating import SliceFrozen, SlicePublished, SliceRevised, SliceSent
from shared.ids import new_id


class SliceNotFrozen(Conflict):
    """Only what is frozen can be verified, revised, sent or published."""

    code = "slice_not_frozen"
    title = "Срез ещё не сделан"


class NotTheNewest(Conflict):
    """A revision starts from the month's newest slice."""

    code = "slice_superseded"
    title = "У среза уже есть ревизия"


class SliceNotReproduced(Conflict):
    """Facts that the slice was made of are others now: nobody can tell what a revision changes."""

    code = "slice_not_reproduced"
    title = "Срез не повторяется"


class NothingCorrected(Invalid):
    """A revision needs facts that differ from those the slice was made of."""

    code = "nothing_corrected"
    title = "Исправлять нечего"


async def advance(session: AsyncSession, now: datetime) -> Slice | None:
    """Begin the next month's slice once it has ended everywhere; freeze it once all is heard.

    Returns what was frozen. Months are frozen one after the other, as each takes μ from the last:
    of any number of workers one is at it. What appeals upheld meanwhile put right only after the
    month's end is in a revision made in the same transaction.
    """
    if not await repository.take_turn(session):
        return None
    heard = await positions.complete_through(session)
    await _begin_next(session, now, is_whole=heard is not None)
    waiting = await repository.earliest_draft(session)
    if waiting is None:
        return None
    if heard is None or heard < waiting.cut_off:
        return None
    # What follows is longer than the clock's margin: checkpoints wait for the event at its end.
    await outbox.admit(session, now)
    period = Period.parse(waiting.period)
    document = await methodologies.in_force(session, period.start)
    mu_bp = await mu_of(session, period, document.methodology)
    regions = await directory.list_regions(session)
    zones = {code: region.timezone for code, region in regions.items()}
    facts = await facts_at_end(session, period, zones)
    await repository.keep_inputs(session, waiting.id, facts)
    made = work_out(facts, period, document.methodology, mu_bp, zones)
    await _freeze(session, waiting, made, document, mu_bp, regions, now=now, heard=heard)
    await _apply_upheld(session, waiting, zones, now=now)
    return waiting


async def _begin_next(session: AsyncSession, now: datetime, *, is_whole: bool) -> None:
    newest = await repository.newest_month(session)
    if newest is not None:
        period = month_after(Period.parse(newest))
    else:
        first = await repository.first_heard(session)
        if first is None or not is_whole:
            # While a history is being heard, older facts may come yet.
            return
        # What came before the first methodology was never rated.
        begun = (await methodologies.first_adopted(session)).effective_from
        period = Period.month_of(max(begun, first.astimezone(MOSCOW).date()))
    regions = await directory.list_regions(session)
    if not regions:
        return
    cut_off = last_cut_off(period, (region.timezone for region in regions.values()))
    if cut_off < now:
        draft = Slice(
            period=str(period),
            revision=0,
            status=SliceStatus.DRAFT,
            cut_off=cut_off,
            created_at=now,
        )
        await repository.begin(session, draft)


async def _freeze(
    session: AsyncSession,
    one: Slice,
    made: Made,
    document: MethodologyDocument,
    mu_bp: int,
    regions: Mapping[str, Region | SliceRow],
    *,
    now: datetime,
    heard: datetime,
) -> None:
    """Store what was worked out; `regions` have the names."""
    before = await repository.lines_before(session, one.period)
    for line in made.lines:
        region, earlier = regions[line.region], before.get(line.region)
        session.add(
            SliceRow(
                slice_id=one.id,
                region=line.region,
                name=region.name,
                short_name=region.short_name,
                federal_district=region.federal_district,
                timezone=line.timezone,
                **_columns(line.tally),
                raw_bp=line.raw_bp,
                stabilised_bp=line.stabilised_bp,
                zone=line.zone,
                place=line.place,
                change_bp=change_since(earlier, line.stabilised_bp),
                place_before=earlier.place if earlier else None,
            )
        )
    one.status, one.frozen_at = SliceStatus.FROZEN, now
    one.methodology_id = document.id
    one.methodology, one.methodology_version = document.code, document.number
    one.mu_bp, one.national_raw_bp = mu_bp, made.national.raw_bp
    one.complete_through = heard
    one.inputs_hash, one.result_hash = made.inputs_hash, made.result_hash
    one.version += 1
    session.add(one)
    await session.flush()
    await announce_slice(session, SliceRevised if one.revision else SliceFrozen, one, now=now)
    # μ of the month that runs, and the change since the last slice, are on the board.
    await tell_of_change(session)


def _columns(one: Tally) -> dict[str, int]:
    return {name: getattr(one, name) for name in Tally.__dataclass_fields__}


def line_of(row: SliceRow) -> Line:
    """A stored line as its hash sees it."""
    return Line(
        row.region,
        row.timezone,
        Tally(**{name: getattr(row, name) for name in Tally.__dataclass_fields__}),
        row.raw_bp,
        row.stabilised_bp,
        row.zone,
        row.place,
    )


async def explain(
    session: AsyncSession, slice_id: UUID, region: str
) -> tuple[Slice, SliceRow, list[Part]]:
    """A region's line of the slice, and the part of every execution in it.

    Raises `SliceNotFound`, `SliceNotFrozen`, `RegionNotFound`.
    """
    one = await frozen_slice(session, slice_id)
    assert one.methodology_id is not None, "a frozen slice has it"
    row = await session.get(SliceRow, (slice_id, region))
    if row is None:
        raise directory.RegionNotFound("Такого региона в срезе нет.", field="path.code")
    document = await methodologies.get_methodology(session, one.methodology_id)
    period, zones = Period.parse(one.period), {region: row.timezone}
    facts = await repository.inputs_of(session, one.period, zones)
    corrections = await repository.corrections_of(session, slice_id)
    facts = await corrected(session, facts, period, zones, corrections)
    return one, row, explain_facts(facts[region], period, document.methodology, day_after(period))


async def frozen_slice(session: AsyncSession, slice_id: UUID) -> Slice:
    """Raises `SliceNotFound`, `SliceNotFrozen`."""
    one = await repository.get_slice(session, slice_id)
    if one.status is SliceStatus.DRAFT:
        raise SliceNotFrozen(
            f"Срез за {one.period} ещё ждёт: рейтинг услышал не все факты до конца месяца."
        )
    return one


async def revise(
    session: AsyncSession,
    slice_id: UUID,
    reason: str,
    corrections: Iterable[Correction],
    *,
    by: str,
    now: datetime,
) -> Slice:
    """A further slice of the month, in which these executions are seen as corrected later.

    Every other fact, the regions, the methodology and μ are those of the slice revised, whatever
    was heard since; what earlier revisions corrected stays corrected. Both remain visible.
    Raises `SliceNotFound`, `SliceNotFrozen`, `NotTheNewest`, `NothingCorrected`,
    `SliceNotReproduced`.
    """
    await repository.lock_slice(session, slice_id)
    one = await frozen_slice(session, slice_id)
    assert one.methodology_id is not None, "a frozen slice has one"
    assert one.mu_bp is not None, "a frozen slice has it"
    newest = await repository.newest_of(session, one.period)
    assert newest is not None, "the slice itself is frozen"
    if newest.id != one.id:
        raise NotTheNewest(f"Новейшая ревизия среза за {one.period} — {newest.revision}.")
    revision = Slice(
        id=new_id(),
        period=one.period,
        revision=one.revision + 1,
        status=SliceStatus.DRAFT,
        reason=reason,
        revised_by=by,
        cut_off=one.cut_off,
        created_at=now,
    )
    held = await repository.corrections_of(session, one.id)
    wanted = [Correction(known.execution_id, known.version, known.reason) for known in held]
    found = _corrections(revision.id, [*wanted, *corrections])
    await _refuse_unheard(session, found)

    # As for the first slice.
    await outbox.admit(session, now)
    document = await methodologies.get_methodology(session, one.methodology_id)
    period, methodology, mu_bp = Period.parse(one.period), document.methodology, one.mu_bp
    rows = {row.region: row for row in await repository.rows_of(session, one.id)}
    zones = {region: row.timezone for region, row in rows.items()}
    inputs = await repository.inputs_of(session, one.period, zones)
    then = await corrected(session, inputs, period, zones, held)
    if work_out(then, period, methodology, mu_bp, zones).inputs_hash != one.inputs_hash:
        raise SliceNotReproduced(
            f"Факты, по которым сделан срез за {one.period}, с тех пор изменились или утрачены:"
            " ревизия изменила бы не только названные исполнения. Что не совпало, покажут"
            " проверка среза и сверка с сервисом поручений."
        )
    facts = await corrected(session, inputs, period, zones, found)
    made = work_out(facts, period, methodology, mu_bp, zones)
    if made.inputs_hash == one.inputs_hash:
        raise NothingCorrected(
            "Срез уже сделан по этим фактам: ревизия ничего не изменила бы.",
            field="body.corrections",
        )
    session.add(revision)
    await session.flush()
    session.add_all(found)
    await session.flush()
    heard = one.complete_through or now
    await _freeze(session, revision, made, document, mu_bp, rows, now=now, heard=heard)
    return revision


async def revise_where_it_counts(
    session: AsyncSession,
    one: Slice,
    reason: str,
    corrections: Iterable[Correction],
    *,
    by: str,
    now: datetime,
) -> Slice | None:
    """The same, but None, and nothing done, where the month's result would stay what it is.

    Raises `NotTheNewest`, `SliceNotReproduced`.
    """
    try:
        async with session.begin_nested() as undone:
            revision = await revise(session, one.id, reason, corrections, by=by, now=now)
            if revision.result_hash != one.result_hash:
                return revision
            await undone.rollback()
    except NothingCorrected:
        # By the month's end the facts were right already.
        return None
    return None


async def _apply_upheld(
    session: AsyncSession, one: Slice, zones: Mapping[str, str], *, now: datetime
) -> None:
    """Revise the month just frozen by the corrections its facts as of the end lack."""
    period = Period.parse(one.period)
    late = [
        (appeal, mended)
        for appeal, mended in await appeals.upheld_of(session, one.period)
        if mended.region in zones and mended.occurred_at > cut_off(period, zones[mended.region])
    ]
    if not late:
        return
    corrections = [
        Correction(mended.execution_id, mended.version, reason_of(appeal.region, appeal.decision))
        for appeal, mended in late
    ]
    if len(corrections) == 1:
        reason = corrections[0].reason
    else:
        regions = ", ".join(sorted({appeal.region for appeal, _ in late}))
        reason = f"Апелляции, удовлетворённые до заморозки среза: {regions}"
    revision = await revise_where_it_counts(session, one, reason, corrections, by="rating", now=now)
    if revision is None:
        return
    for appeal, _ in late:
        appeal.slice_id = revision.id
        appeal.version += 1
        session.add(appeal)
    await session.flush()


def _corrections(slice_id: UUID, wanted: Iterable[Correction]) -> list[SliceCorrection]:
    """One of each execution: the last said."""
    last = {one.execution_id: one for one in wanted}
    return [
        SliceCorrection(
            slice_id=slice_id,
            execution_id=one.execution_id,
            version=one.version,
            reason=one.reason,
        )
        for one in last.values()
    ]


async def _refuse_unheard(session: AsyncSession, wanted: Sequence[SliceCorrection]) -> None:
    heard = {facts.execution_id for facts in await repository.corrected_facts(session, wanted)}
    missing = sorted(str(one.execution_id) for one in wanted if one.execution_id not in heard)
    if missing:
        raise NothingCorrected(
            f"Такой версии исполнения рейтинг не слышал: {', '.join(missing)}.",
            field="body.corrections",
        )


async def mark_sent(session: AsyncSession, slice_id: UUID, *, now: datetime) -> Slice:
    """Every letter of the slice is decided: sent, failed for good, or without an addressee.

    Saying it twice changes nothing. Raises `SliceNotFound`, `SliceNotFrozen`.
    """
    await repository.lock_slice(session, slice_id)
    one = await frozen_slice(session, slice_id)
    if one.sent_at is not None:
        return one
    one.sent_at = now
    if one.status is SliceStatus.FROZEN:
        one.status = SliceStatus.SENT
    one.version += 1
    session.add(one)
    await session.flush()
    await announce_slice(session, SliceSent, one, now=now)
    return one


async def publish(session: AsyncSession, slice_id: UUID, *, now: datetime) -> Slice:
    """Make the slice public and tell the platform; the heads' letters need not be through.

    Saying it twice changes nothing. Raises `SliceNotFound`, `SliceNotFrozen`.
    """
    await repository.lock_slice(session, slice_id)
    one = await frozen_slice(session, slice_id)
    if one.status is SliceStatus.PUBLISHED:
        return one
    one.status, one.published_at = SliceStatus.PUBLISHED, now
    one.version += 1
    session.add(one)
    await session.flush()
    await announce_slice(session, SlicePublished, one, now=now)
    return one
