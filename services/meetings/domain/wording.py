"""How a document says whom an item is for and by when."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from services.meetings.domain.items import ClusterFacts
from shared.events.meetings import AddresseeKind, Addressees, Control


def due_in_words(due_on: date | None, control: Control) -> str:
    """«20.10.2023», «срочно», «ежемесячно до 5 числа»…"""
    if due_on is not None:
        return f"{due_on:%d.%m.%Y}"
    if control.rule is not None:
        return f"периодически, по правилу {control.rule}"
    match control.term:
        case "urgent":
            return "срочно"
        case "prompt":
            return "оперативно"
        case "monthly":
            return f"ежемесячно до {control.monthly_day} числа"
        case _:
            return "один месяц со дня подписания"


def addressees_in_words(
    addressees: Addressees, regions: Mapping[str, str], clusters: Mapping[UUID, str]
) -> str:
    """Whom the item is for, out of the names of regions and of the clusters named in it."""
    where = ", ".join(regions.get(code) or f"регион {code}" for code in addressees.regions)
    if addressees.kind is AddresseeKind.AUTHORITY:
        if not where:
            return "органы исполнительной власти всех субъектов Российской Федерации"
        return f"органы исполнительной власти: {where}"
    parts = []
    if addressees.clusters:
        named = ", ".join(clusters.get(one) or f"кластер {one}" for one in addressees.clusters)
        parts.append(named)
    if addressees.cohorts:
        years = ", ".join(str(cohort) for cohort in addressees.cohorts)
        parts.append(f"отбор {years} {'года' if len(addressees.cohorts) == 1 else 'годов'}")
    if addressees.industries:
        parts.append(f"отрасли: {', '.join(addressees.industries)}")
    if where:
        parts.append(where)
    if not parts:
        return "все кластеры"
    return "; ".join(parts) if addressees.clusters else f"кластеры: {'; '.join(parts)}"


def addressed(
    addressees: Addressees, control: Control, clusters: Sequence[ClusterFacts], region: str | None
) -> list[UUID] | None:
    """Which of the clusters owe the item, or help with it; None where it concerns none of them.

    An item for authorities concerns the region, where one is given, and no cluster: an empty list.
    """
    if addressees.kind is AddresseeKind.AUTHORITY:
        concerned = region is not None and region in (addressees.regions or (region,))
        return [] if concerned else None
    found = [
        one.id
        for one in clusters
        if one.id in control.co_executors
        or (
            (not addressees.clusters or one.id in addressees.clusters)
            and (not addressees.regions or one.region in addressees.regions)
            and (not addressees.cohorts or one.cohort in addressees.cohorts)
            and (not addressees.industries or one.industry in addressees.industries)
        )
    ]
    return found or None
