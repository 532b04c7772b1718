"""Attendance at meetings: shown beside the score, and weightless in it."""

from dataclasses import dataclass
from typing import Final

from services.rating.domain.methodologies import WHOLE
from services.rating.domain.scores import half_up


@dataclass(frozen=True, slots=True)
class Attendance:
    """How a region's clusters attended the meetings of a period, each cluster once a meeting.

    Who is excused, or not marked, moves no share; a meeting at which nobody counts is none.
    """

    meetings: int = 0
    present: int = 0  # those who were late, too
    absent: int = 0

    @property
    def share_bp(self) -> int | None:
        """The share of those present in basis points; None where nobody counts, which is not 0."""
        counted = self.present + self.absent
        return half_up(self.present * WHOLE, counted) if counted else None


# Of a region of which nothing has been told.
UNTOLD: Final = Attendance()
