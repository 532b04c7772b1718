"""A month's facts as of its end, which comes at another instant in each zone, and their sums."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.facts import Facts
from services.rating.domain.methodologies import Methodology
from services.rating.domain.periods import Period
from services.rating.domain.places import places
from services.rating.domain.scores import Tally, tally
from services.rating.domain.slices import (
    Line,
    as_corrected,
    cut_off,
    day_after,
    inputs_hash,
    result_hash,
)
from services.rating.models import SliceCorrection
from services.rating.repository import facts as repository
from services.rating.repository import slices


@dataclass(frozen=True, slots=True)
class Made:
    """A month worked out: its lines and the hashes of what went in and what came out."""

    lines: Sequence[Line]
    national: Tally
    inputs_hash: str
    result_hash: str


async def facts_at_end(
    session: AsyncSession, period: Period, zones: Mapping[str, str], *, now: datetime | None = None
) -> dict[str, list[Facts]]:
    """Each region's facts as of the period's end in its zone, by region; `zones`: region → zone.

    With `now`: as of then, where the period has not ended yet.
    """
    together: dict[datetime, list[str]] = defaultdict(list)
    for code, zone in zones.items():
        end = cut_off(period, zone)
        together[end if now is None else min(end, now)].append(code)
    found: dict[str, list[Facts]] = {}
    for as_of, codes in sorted(together.items()):
        found |= await repository.facts_as_of(session, period, as_of, sorted(codes))
    return found


async def corrected(
    session: AsyncSession,
    facts: Mapping[str, Sequence[Facts]],
    period: Period,
    zones: Mapping[str, str],
    corrections: Sequence[SliceCorrection],
) -> dict[str, list[Facts]]:
    """The facts of the month's end, by region, with the corrected ones in their place."""
    mended = {one.execution_id for one in corrections}
    at_end = {
        one.execution_id: one
        for known in facts.values()
        for one in known
        if one.execution_id in mended
    }
    found = {
        region: [one for one in known if one.execution_id not in mended]
        for region, known in facts.items()
    }
    for one in await slices.corrected_facts(session, corrections):
        if one.region not in found:
            continue
        before = at_end.get(one.execution_id)
        if before is None:
            # It did not count in the month, yet may have been known.
            end = cut_off(period, zones[one.region])
            before = await repository.newest_as_of(session, one.execution_id, end)
        found[one.region].append(as_corrected(one, before, period))
    return found


def work_out(
    facts: Mapping[str, Sequence[Facts]],
    period: Period,
    methodology: Methodology,
    mu_bp: int,
    zones: Mapping[str, str],
) -> Made:
    """The lines of all these regions, and the hashes; `zones`: region → zone."""
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
