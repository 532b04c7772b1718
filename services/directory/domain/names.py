"""Regions and industries by what people call them: code, full name, short name, their own way."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Final

from shared.listings.cells import folded

# Letters by which regions go in correspondence.
_INITIALS: Final[Mapping[str, str]] = {
    "хмао": "86",
    "хмао югра": "86",
    "янао": "89",
    "нао": "83",
    "чао": "87",
    "еао": "79",
    "днр": "93",
    "лнр": "94",
    "спб": "78",
    "мск": "77",
}
# Words that say what kind of a subject it is and not which.
_KINDS: Final = frozenset(
    {
        *("республика", "респ", "народная", "область", "обл", "край", "кр", "округ", "ао"),
        *("автономный", "автономная", "город", "г", "федерального", "значения"),
    }
)
_PARTS: Final = re.compile(r"\s[–—-]\s|[()]")
_CODE: Final = re.compile(r"\d{1,2}")


def _core(text: str) -> str:
    """The words that tell which subject it is, in a fixed order."""
    return " ".join(sorted(word for word in folded(text).split() if word not in _KINDS))


class RegionNames:
    """Which region a name means."""

    def __init__(self, regions: Iterable[tuple[str, str, str]]) -> None:
        """`regions` are code, name and short name of each."""
        self.names: dict[str, str] = {}
        keys: defaultdict[str, set[str]] = defaultdict(set)
        for code, name, short_name in regions:
            self.names[code] = short_name
            for said in (name, short_name):
                for part in (said, *_PARTS.split(said)):
                    keys[_core(part)].add(code)
        keys.pop("", None)
        self._keys = {key: next(iter(codes)) for key, codes in keys.items() if len(codes) == 1}

    def code_of(self, said: str) -> str | None:
        """The code, also of one whose leading zero Excel has eaten; None where nobody is meant."""
        if _CODE.fullmatch(said):
            code = said.zfill(2)
            return code if code in self.names else None
        initials = _INITIALS.get(folded(said))
        if initials is not None and initials in self.names:
            return initials
        return self._keys.get(_core(said))


class IndustryNames:
    """Which industry a name means."""

    def __init__(self, industries: Iterable[tuple[str, str]]) -> None:
        """`industries` are code and name of each."""
        self.names: dict[str, str] = dict(industries)
        self._keys = {folded(name): code for code, name in self.names.items()}

    def code_of(self, said: str) -> str | None:
        """The code; None where nothing is meant."""
        lowered = said.casefold()
        return lowered if lowered in self.names else self._keys.get(folded(said))
