"""Whether something other than the work explains a region's place, and what κ has changed.

A correlation is Spearman's, of ranks, ties sharing theirs; above zero it means: the more of it,
the worse the place. It is told apart from chance at about 5 % by 1.96 / √(n − 1). Correlation is
a reason to look, not a proof. Integers and fractions only: the same bytes on any machine.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import isqrt
from typing import Final

from services.rating.domain.methodologies import WHOLE, Methodology
from services.rating.domain.places import places
from services.rating.domain.scores import Tally, half_up

# 1.96² · 10⁸: two-sided 5 % of the normal law, in squared basis points.
_CHANCE: Final = 384_160_000


@dataclass(frozen=True, slots=True)
class Subject:
    """A region under audit; `clusters` counts, by cohort, those whose executions count."""

    region: str
    district: str
    clusters: Mapping[int | None, int]
    tally: Tally

    @property
    def size(self) -> int:
        return sum(self.clusters.values())


@dataclass(frozen=True, slots=True)
class Factor:
    """How a property of regions goes with their places: as given, and were κ zero."""

    cohort: int | None  # None: the number of clusters, else the share of this cohort in it
    rho_bp: int | None
    rho_raw_bp: int | None
    chance_bp: int | None

    @property
    def is_notable(self) -> bool:
        return None not in (self.rho_bp, self.chance_bp) and abs(self.rho_bp or 0) > (
            self.chance_bp or 0
        )


@dataclass(frozen=True, slots=True)
class District:
    """The mean of a federal district's places, in hundredths, and its pooled raw score."""

    name: str
    regions: int
    mean_place: int
    raw_bp: int | None


@dataclass(frozen=True, slots=True)
class Shift:
    """A region's place, and the one it would have by the raw score."""

    region: str
    place: int
    raw_place: int
    clusters: int


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found of the regions that have a place."""

    regions: int
    factors: Sequence[Factor]
    districts: Sequence[District]
    # The share of the places' variance between districts, and what chance alone would give.
    between_bp: int | None
    between_by_chance_bp: int | None
    shifts: Sequence[Shift]

    @property
    def moved(self) -> int:
        return sum(one.place != one.raw_place for one in self.shifts)

    @property
    def furthest(self) -> int:
        return max((abs(one.place - one.raw_place) for one in self.shifts), default=0)


def audit(subjects: Sequence[Subject], mu_bp: int, methodology: Methodology) -> Audit:
    """The audit of a rating."""
    tallies = {one.region: one.tally for one in subjects}
    given = places(tallies, mu_bp, methodology)
    raw = places(tallies, mu_bp, replace(methodology, kappa=0))
    placed = sorted((one for one in subjects if given[one.region]), key=lambda one: one.region)
    by_place = [given[one.region] or 0 for one in placed]
    by_raw = [raw[one.region] or 0 for one in placed]
    chance = isqrt(_CHANCE // (len(placed) - 1)) if len(placed) > 2 else None

    def factor(cohort: int | None, values: Sequence[Fraction]) -> Factor:
        return Factor(cohort, spearman_bp(values, by_place), spearman_bp(values, by_raw), chance)

    cohorts = sorted({cohort for one in placed for cohort in one.clusters if cohort is not None})
    factors = [factor(None, [Fraction(one.size) for one in placed])]
    for cohort in cohorts:
        shares = [Fraction(one.clusters.get(cohort, 0), one.size or 1) for one in placed]
        factors.append(factor(cohort, shares))
    groups: dict[str, list[int]] = defaultdict(list)
    pooled: dict[str, Tally] = defaultdict(Tally)
    for one, place in zip(placed, by_place, strict=True):
        groups[one.district].append(place)
        pooled[one.district] += one.tally
    districts = [
        District(name, len(held), half_up(100 * sum(held), len(held)), pooled[name].raw_bp)
        for name, held in sorted(groups.items())
    ]
    return Audit(
        len(placed),
        factors,
        districts,
        between_bp(list(groups.values())),
        half_up((len(groups) - 1) * WHOLE, len(placed) - 1) if len(placed) > 1 else None,
        [
            Shift(one.region, place, raw_place, one.size)
            for one, place, raw_place in zip(placed, by_place, by_raw, strict=True)
        ],
    )


def spearman_bp(one: Sequence[Fraction], other: Sequence[int]) -> int | None:
    """Spearman's ρ in basis points, towards zero; None where a side does not vary."""
    here, there = _centred_ranks(one), _centred_ranks([Fraction(value) for value in other])
    product = sum(x * y for x, y in zip(here, there, strict=True))
    squares = sum(x * x for x in here) * sum(y * y for y in there)
    if not squares:
        return None
    found = isqrt(product * product * WHOLE**2 // squares)
    return found if product >= 0 else -found


def _centred_ranks(values: Sequence[Fraction]) -> list[int]:
    """Twice each value's mean rank, less twice the mean of all ranks: whole numbers."""
    return [
        2 * sum(other < one for other in values)
        + sum(other == one for other in values)
        - len(values)
        for one in values
    ]


def between_bp(groups: Sequence[Sequence[int]]) -> int | None:
    """The share of variance that lies between groups (η²), in basis points."""
    values = [value for group in groups for value in group]
    if not values:
        return None
    mean = Fraction(sum(values), len(values))
    whole = sum((value - mean) ** 2 for value in values)
    if not whole:
        return None
    between = sum(len(held) * (Fraction(sum(held), len(held)) - mean) ** 2 for held in groups)
    share = Fraction(between) / whole
    return half_up(share.numerator * WHOLE, share.denominator)


def conclusions(found: Audit) -> list[str]:
    """The audit in Russian, a line per question."""
    lines = []
    for one in found.factors:
        what = "Число кластеров" if one.cohort is None else f"Доля кластеров {one.cohort} года"
        if one.rho_bp is None or one.chance_bp is None:
            lines.append(f"{what}: сравнить не на чем")
            continue
        verdict = "связи с местом не видно"
        if one.is_notable:
            verdict = f"чем больше, тем {'хуже' if one.rho_bp > 0 else 'лучше'} место"
        numbers = f"ρ = {_share(one.rho_bp)}, случайность объясняет до {_share(one.chance_bp)}"
        lines.append(f"{what}: {verdict} ({numbers})")
    if found.between_bp is not None and found.between_by_chance_bp is not None:
        lines.append(
            f"Федеральный округ: {_share(found.between_bp)} разброса мест"
            f" (случайность дала бы около {_share(found.between_by_chance_bp)})"
        )
    lines.append(
        f"Сглаживание изменило место у {found.moved} из {found.regions} регионов,"
        f" самое большее на {found.furthest}"
    )
    return lines


def _share(points: int) -> str:
    sign = "−" if points < 0 else ""
    return f"{sign}{abs(points) // WHOLE},{abs(points) % WHOLE // 100:02d}"
