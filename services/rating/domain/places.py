"""Who stands where among those who are rated."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

from services.rating.domain.methodologies import Methodology
from services.rating.domain.scores import Tally

K = TypeVar("K", bound=Hashable)


def places(tallies: Mapping[K, Tally], mu_bp: int, methodology: Methodology) -> dict[K, int | None]:
    """Places 1-2-2-4 by stabilised score, then on-time share, then fewer debts.

    None where there are too few executions to say.
    """
    keys: dict[K, tuple[int, int, int]] = {}
    for name, one in tallies.items():
        stabilised, on_time = one.stabilised_bp(mu_bp, methodology), one.on_time_bp
        if one.executions >= methodology.least_for_place and stabilised is not None:
            keys[name] = (-stabilised, -(on_time or 0), one.debts)
    ordered = sorted(keys.values())
    first = {key: len(ordered) - number for number, key in enumerate(reversed(ordered))}
    return {name: first[keys[name]] if name in keys else None for name in tallies}
