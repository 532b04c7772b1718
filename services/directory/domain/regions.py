"""Regions and industries: how names are ordered, and what is refused."""

from shared.errors import Invalid


class UnknownRegion(Invalid):
    """A region code nobody has."""

    code = "unknown_region"
    title = "Неизвестный регион"


class UnknownIndustry(Invalid):
    """An industry code nobody has."""

    code = "unknown_industry"
    title = "Неизвестная отрасль"


def sort_key(name: str) -> str:
    """How names are ordered for people: case and ё do not matter."""
    return name.casefold().replace("ё", "е")
