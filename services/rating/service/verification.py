"""A frozen slice beside its replay from the versions of facts kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.periods import Period
from services.rating.models import Slice
from services.rating.repository import methodologies
from services.rating.repository import slices as repository
from services.rating.service.months import corrected, facts_at_end, work_out
from services.rating.service.slices import frozen_slice, line_of


@dataclass(frozen=True, slots=True)
class Verification:
    """A frozen slice beside its replay; `differing`: the regions whose lines are others."""

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


async def verify(session: AsyncSession, slice_id: UUID) -> Verification:
    """Work the slice out again from the versions dated before the month's end, and compare.

    What was heard late is among them, so it is seen here. Raises `SliceNotFound`,
    `SliceNotFrozen`.
    """
    one = await frozen_slice(session, slice_id)
    assert one.methodology_id is not None, "a frozen slice has one"
    assert one.mu_bp is not None, "a frozen slice has it"
    document = await methodologies.get_methodology(session, one.methodology_id)
    rows = await repository.rows_of(session, slice_id)
    zones = {row.region: row.timezone for row in rows}
    corrections = await repository.corrections_of(session, slice_id)
    period = Period.parse(one.period)
    facts = await facts_at_end(session, period, zones)
    facts = await corrected(session, facts, period, zones, corrections)
    made = work_out(facts, period, document.methodology, one.mu_bp, zones)
    stored = {line.region: line for line in map(line_of, rows)}
    differing = [line.region for line in made.lines if stored[line.region] != line]
    return Verification(one, made.inputs_hash, made.result_hash, differing)
