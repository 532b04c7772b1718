"""The fairness audit of a rating as of any instant."""

from collections import Counter
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.domain.explanations import explain
from services.rating.domain.fairness import Audit, Subject, audit
from services.rating.domain.periods import Period
from services.rating.service.regions import Rating, rate_regions
from shared.clock import date_in


async def audit_fairness(
    session: AsyncSession, period: Period, as_of: datetime
) -> tuple[Rating, Audit]:
    """Whether clusters, cohorts or districts explain the places; clusters are those that count."""
    rating, facts = await rate_regions(session, period, as_of)
    subjects = []
    for row in rating.rows:
        today = date_in(row.region.timezone, as_of)
        parts = explain(facts[row.region.code], period, rating.methodology, today)
        counted = {part.facts.cluster_id: part.facts.cohort for part in parts if part.credit}
        subjects.append(
            Subject(
                row.region.code,
                row.region.federal_district,
                Counter(counted.values()),
                row.tally,
            )
        )
    return rating, audit(subjects, rating.mu_bp, rating.methodology)
