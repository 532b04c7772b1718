"""Months frozen: made when every fact is provably heard, verified by replay, revised in sight."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.explanations import Part
from services.rating.domain.explanations import explain as explain_facts
from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import Methodology
from services.rating.domain.periods import Period
from services.rating.domain.places import places
from services.rating.domain.scores import Tally, tally
from services.rating.domain.slices import (
    Correction,
    Line,
    SliceStatus,
    as_corrected,
    day_after,
    inputs_hash,
    last_cut_off,
    month_after,
    result_hash,
)
from services.rating.models import Slice, SliceCorrection, SliceRow
from services.rating.repository import directory, methodologies, positions
from services.rating.repository import slices as repository
from services.rating.repository.standings import tell_of_change
from services.rating.service.announcements import announce_slice
from services.rating.service.methodologies import mu_of
from services.rating.service.months import facts_at_end
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


class NothingCorrected(Invalid):
    """A revision needs facts that differ from those the slice was made of."""

    code = "nothing_corrected"
    title = "Исправлять нечего"


@dataclass(frozen=True, slots=True)
class Made:
    """A month worked out: its lines and the hashes of what went in and what came out."""

    lines: Sequence[Line]
    national: Tally
    inputs_hash: str
    result_hash: str


@dataclass(frozen=True, slots=True)
class Verification:
    """A frozen slice beside its replay from the versions of facts kept."""

    slice: Slice
    inputs_hash: str
    result_hash: str
    differing: Sequence[str]

    @property
    def matches(self) -> bool:
        return (self.inputs_hash, self.result_hash) == (
            self.slice.inputs_hash,
            self.slice.result_hash,
        )


async def advance(session: AsyncSession, now: datetime) -> Slice | None:
    """Begin the next month's slice once it has ended everywhere; freeze it once all is heard.

    Returns what was frozen. Months are frozen one after the other, as each takes μ from the last.
    Safe to call from any number of workers at once.
    """
    await _begin_next(session, now)
    waiting = await repository.lock_draft(session)
    if waiting is None:
        return None
    heard = await positions.complete_through(session)
    if heard is None or heard < waiting.cut_off:
        return None
    await _freeze(session, waiting, (), now=now, heard=heard)
    return waiting


async def _begin_next(session: AsyncSession, now: datetime) -> None:
    newest = await repository.newest_month(session)
    if newest is not None:
        period = month_after(Period.parse(newest))
    else:
        first = await repository.first_heard(session)
        if first is None:
            return
        # What came before the first methodology was never rated.
        begun = (await methodologies.list_methodologies(session))[0].effective_from
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
    corrections: Sequence[SliceCorrection],
    *,
    now: datetime,
    heard: datetime,
) -> None:
    # Longer than the clock's margin: checkpoints wait for the event at its end.
    await outbox.admit(session, now)
    period = Period.parse(one.period)
    document = await methodologies.in_force(session, period.start)
    mu_bp = await mu_of(session, period, document.methodology)
    regions = await directory.list_regions(session)
    zones = {code: region.timezone for code, region in regions.items()}
    made = await _work_out(session, period, document.methodology, mu_bp, zones, corrections)
    before = await repository.lines_before(session, str(period))
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


async def _work_out(
    session: AsyncSession,
    period: Period,
    methodology: Methodology,
    mu_bp: int,
    zones: Mapping[str, str],
    corrections: Sequence[SliceCorrection],
) -> Made:
    facts = await facts_at_end(session, period, zones)
    await _correct(session, facts, period, corrections)
    tallies = {code: tally(facts[code], period, methodology, day_after(period)) for code in zones}
    placed = places(tallies, mu_bp, methodology)
    lines = [
        Line(
            code,
            zone,
            tallies[code],
            tallies[code].raw_bp,
            tallies[code].stabilised_bp(mu_bp, methodology),
            tallies[code].zone(methodology),
            placed[code],
        )
        for code, zone in sorted(zones.items())
    ]
    known = [one for region in facts.values() for one in region]
    return Made(
        lines,
        sum(tallies.values(), Tally()),
        inputs_hash(methodology, mu_bp, period, zones, known),
        result_hash(period, lines),
    )


async def _correct(
    session: AsyncSession,
    facts: dict[str, list[Facts]],
    period: Period,
    corrections: Sequence[SliceCorrection],
) -> None:
    """Put the corrected facts in the place of those of the cut-off."""
    if not corrections:
        return
    mended = {one.execution_id for one in corrections}
    for region, known in facts.items():
        facts[region] = [one for one in known if one.execution_id not in mended]
    for one in await repository.corrected_facts(session, corrections):
        if one.region in facts:
            facts[one.region].append(as_corrected(one, period))


async def verify(session: AsyncSession, slice_id: UUID) -> Verification:
    """Work the slice out again from the versions of facts kept, and compare.

    Raises `SliceNotFound`, `SliceNotFrozen`.
    """
    one = await frozen_slice(session, slice_id)
    assert one.methodology_id is not None, "a frozen slice has one"
    assert one.mu_bp is not None, "a frozen slice has it"
    document = await methodologies.get_methodology(session, one.methodology_id)
    rows = await repository.rows_of(session, slice_id)
    zones = {row.region: row.timezone for row in rows}
    corrections = await repository.corrections_of(session, slice_id)
    period = Period.parse(one.period)
    made = await _work_out(session, period, document.methodology, one.mu_bp, zones, corrections)
    stored = {line.region: line for line in map(line_of, rows)}
    differing = [line.region for line in made.lines if stored[line.region] != line]
    return Verification(one, made.inputs_hash, made.result_hash, differing)


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
    period = Period.parse(one.period)
    facts = await facts_at_end(session, period, {region: row.timezone})
    await _correct(session, facts, period, await repository.corrections_of(session, slice_id))
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

    Every other fact, the methodology and μ stay those of the slice revised; what earlier
    revisions corrected stays corrected. Both remain visible.
    Raises `SliceNotFound`, `SliceNotFrozen`, `NotTheNewest`, `NothingCorrected`.
    """
    await repository.lock_slice(session, slice_id)
    one = await frozen_slice(session, slice_id)
    newest = await repository.newest_of(session, one.period)
    assert newest is not None, "the slice itself is frozen"
    if newest.id != one.id:
        raise NotTheNewest(f"Новейшая ревизия среза за {one.period} — {newest.revision}.")
    known = {held.execution_id: held for held in await repository.corrections_of(session, one.id)}
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
    wanted = {
        held.execution_id: SliceCorrection(
            slice_id=revision.id,
            execution_id=held.execution_id,
            version=held.version,
            reason=held.reason,
        )
        for held in known.values()
    }
    for mended in corrections:
        wanted[mended.execution_id] = SliceCorrection(
            slice_id=revision.id,
            execution_id=mended.execution_id,
            version=mended.version,
            reason=mended.reason,
        )
    found = list(wanted.values())
    heard = {facts.execution_id for facts in await repository.corrected_facts(session, found)}
    missing = sorted(str(name) for name in wanted.keys() - heard)
    if missing:
        raise NothingCorrected(
            f"Такой версии исполнения рейтинг не слышал: {', '.join(missing)}.",
            field="body.corrections",
        )
    session.add(revision)
    await session.flush()
    session.add_all(found)
    await session.flush()
    await _freeze(session, revision, found, now=now, heard=one.complete_through or now)
    if revision.inputs_hash == one.inputs_hash:
        raise NothingCorrected(
            "Срез уже сделан по этим фактам: ревизия ничего не изменила бы.",
            field="body.corrections",
        )
    return revision


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
