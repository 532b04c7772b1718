"""The stored standings of the current month, kept like the facts."""

from collections.abc import Sequence
from datetime import date, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.cohorts import next_change
from services.rating.domain.facts import Scored
from services.rating.domain.methodologies import Methodology
from services.rating.domain.periods import Period
from services.rating.domain.scores import Tally, tally_counted
from services.rating.models import Standing
from services.rating.repository import facts as heard
from services.rating.repository import standings as repository
from services.rating.service.announcements import announce_standings
from services.rating.service.methodologies import methodology_of
from services.rating.service.regions import current_period
from shared import outbox
from shared.clock import date_in


async def score(session: AsyncSession, now: datetime) -> int:
    """Work out the current month's standings where they may have changed; returns how many did.

    Whatever the order and number of calls, the stored standings are those of the newest facts:
    one scores at a time, or who has read older facts could store them last.
    """
    # Said at once: with many regions touched the scoring may outlast the clock's margin, and
    # would be refused at its end, again and again.
    await outbox.admit(session, now)
    await repository.take_turn(session)
    period = current_period(now)
    regions = await repository.take_regions(session, str(period))
    days = {region.code: date_in(region.timezone, now) for region in regions}
    latest = max(days.values(), default=now.date())
    wanted = [
        region.code
        for region in regions
        if region.is_touched
        or not region.is_scored
        or (region.next_change is not None and region.next_change <= latest)
    ]
    if not wanted:
        return 0
    facts = await heard.counted_facts(session, period, wanted)
    methodology = await methodology_of(session, period)
    standings = [_standing(period, code, facts[code], methodology, days[code]) for code in wanted]
    revision, changed = await repository.keep_standings(session, standings)
    told = [(one.region, _tally_of(one)) for one in standings if one.region in changed]
    await announce_standings(session, str(period), told, methodology, revision=revision, now=now)
    return len(changed)


def _standing(
    period: Period,
    code: str,
    counted: Sequence[tuple[Scored, int]],
    methodology: Methodology,
    today: date,
) -> Standing:
    one = tally_counted(counted, period, methodology, today)
    return Standing(
        period=str(period),
        region=code,
        numerator=one.numerator,
        weight=one.weight,
        executions=one.executions,
        on_time=one.on_time,
        debts=one.debts,
        provisional=one.provisional,
        delay=one.delay,
        returns=one.returns,
        extensions=one.extensions,
        next_change=next_change((facts for facts, _ in counted), methodology, today),
        revision=0,
    )


def _tally_of(standing: Standing) -> Tally:
    """A stored standing's tally."""
    return Tally(**{name: getattr(standing, name) for name in Tally.__dataclass_fields__})
