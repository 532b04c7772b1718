"""Who stands where among those who are rated."""

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from services.rating.domain.methodologies import Methodology
from services.rating.domain.scores import Tally

K = TypeVar("K", bound=Hashable)
Rank = tuple[int, int, int]


def rank_of(one: Tally, mu_bp: int, methodology: Methodology) -> Rank | None:
    """By stabilised score, then on-time share, then fewer debts; the smaller, the better.

    None where there are too few executions to say.
    """
    stabilised, on_time = one.stabilised_bp(mu_bp, methodology), one.on_time_bp
    if one.executions < methodology.least_for_place or stabilised is None:
        return None
    return -stabilised, -(on_time or 0), one.debts


def places(tallies: Mapping[K, Tally], mu_bp: int, methodology: Methodology) -> dict[K, int | None]:
    """Places 1-2-2-4; None where there are too few executions to say."""
    keys: dict[K, Rank] = {}
    for name, one in tallies.items():
        rank = rank_of(one, mu_bp, methodology)
        if rank is not None:
            keys[name] = rank
    ordered = sorted(keys.values())
    first = {key: len(ordered) - number for number, key in enumerate(reversed(ordered))}
    return {name: first[keys[name]] if name in keys else None for name in tallies}


@dataclass(frozen=True, slots=True)
class Score:
    """A tally with all that is read off it."""

    tally: Tally
    raw_bp: int | None
    stabilised_bp: int | None
    place: int | None


@dataclass(frozen=True, slots=True)
class Rivals:
    """The others of a rating, standing still: against them one region's «what if» is placed."""

    ranks: Sequence[Rank]
    mu_bp: int
    methodology: Methodology

    @classmethod
    def of(cls, others: Iterable[Tally], mu_bp: int, methodology: Methodology) -> "Rivals":
        ranks = (rank_of(one, mu_bp, methodology) for one in others)
        return cls(sorted(rank for rank in ranks if rank), mu_bp, methodology)

    def score(self, one: Tally) -> Score:
        """The score of a region with this tally, and the place it would take."""
        rank = rank_of(one, self.mu_bp, self.methodology)
        place = 1 + bisect_left(self.ranks, rank) if rank else None
        stabilised = one.stabilised_bp(self.mu_bp, self.methodology)
        return Score(one, one.raw_bp, stabilised, place)
