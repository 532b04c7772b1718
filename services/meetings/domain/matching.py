"""Whom a free-form name of a conference's list means: a guess, how sure it is, and the others."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from rapidfuzz import fuzz, process, utils

from services.meetings.domain.participation import Participant

CANDIDATES: Final = 5
# Percent. From the first on a match is taken unless corrected; below the second it is noise.
SURE: Final = 88
LIKELY: Final = 60
# The runner-up must be this far behind, or the match is not sure.
_MARGIN: Final = 4
_MIN_NAME: Final = 3
_QUOTES: Final = re.compile(r"[«»\"'„“”()\[\],.;:/\\|_–—-]+")
_NOISE: Final = re.compile(
    r"\b(образовательно|производственный|центр|кластер|опц|опк|гбпоу|гапоу|бпоу|гаоу|спо"
    r"|участник|guest|гость|iphone|ipad|zoom|региональный|координатор)\b"
)


class Certainty(StrEnum):
    """How sure a match is: taken as it is, taken on a person's word, or nobody known."""

    SURE = "sure"
    LIKELY = "likely"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Candidate:
    """Whom a name may mean, and how much it looks like it, in percent."""

    participant_id: UUID
    confidence: int


@dataclass(frozen=True, slots=True)
class Match:
    """What a name was taken for."""

    certainty: Certainty
    candidates: tuple[Candidate, ...]

    @property
    def best(self) -> Candidate | None:
        return self.candidates[0] if self.candidates else None


def plain(name: str) -> str:
    """The words that tell names apart: lower case, ё as е, no quotes, no words all have."""
    text = utils.default_process(_QUOTES.sub(" ", name)).replace("ё", "е")
    return " ".join(_NOISE.sub(" ", text).split())


class Matcher:
    """Compares names with those of the expected participants."""

    def __init__(self, expected: Sequence[Participant], regions: dict[str, str]) -> None:
        """`regions` gives the regions' names: lists often say «Регион, кластер»."""
        self._ids = [one.id for one in expected]
        self._regions = [plain(regions.get(one.region, "")) for one in expected]
        self._names = [plain(one.name) for one in expected]

    def match_all(self, names: Iterable[str]) -> dict[str, Match]:
        """The matches of the names; a name that comes again is compared once."""
        return {name: self.match(name) for name in set(names)}

    def match(self, name: str) -> Match:
        """The likeliest participants for a name, the best first."""
        wanted = plain(name)
        if len(wanted) < _MIN_NAME:
            return Match(Certainty.UNKNOWN, ())
        found = process.extract(
            wanted, self._names, scorer=fuzz.token_set_ratio, limit=None, score_cutoff=LIKELY
        )
        scored = sorted(
            ((self._refined(wanted, place, score), place) for _, score, place in found),
            key=lambda one: (-one[0], one[1]),
        )
        # Who is expected for two regions is one candidate, as the likelier of them.
        best: dict[UUID, int] = {}
        for score, place in scored:
            best.setdefault(self._ids[place], score)
        candidates = tuple(Candidate(id_, score) for id_, score in best.items())[:CANDIDATES]
        if not candidates or candidates[0].confidence < LIKELY:
            return Match(Certainty.UNKNOWN, candidates)
        clear = (
            len(candidates) == 1 or candidates[0].confidence - candidates[1].confidence >= _MARGIN
        )
        sure = candidates[0].confidence >= SURE and clear
        return Match(Certainty.SURE if sure else Certainty.LIKELY, candidates)

    def _refined(self, wanted: str, place: int, score: float) -> int:
        """Sets of words alone take a part for the whole: the whole, with the region, decides."""
        name, region = self._names[place], self._regions[place]
        whole = max(fuzz.ratio(wanted, name), fuzz.token_sort_ratio(wanted, f"{region} {name}"))
        named = fuzz.partial_ratio(region, wanted) if region else 0.0
        bonus = 10 if named >= SURE else 0
        return min(100, round(score * 0.6 + whole * 0.4 + bonus))
