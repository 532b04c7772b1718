"""What an item of a protocol may say, and whom it reaches."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from shared.errors import Conflict, Invalid, NotFound
from shared.events.meetings import AddresseeKind, Addressees, Control

# How an item is controlled where nothing else is said.
USUAL: Final = Control()


class ProtocolItemNotFound(NotFound):
    """The protocol has no item with this id."""

    code = "protocol_item_not_found"
    title = "Пункт протокола не найден"


class UnknownRegion(Invalid):
    """A region this service has not heard of (yet)."""

    code = "unknown_region"
    title = "Неизвестный регион"


class UnknownCluster(Invalid):
    """A cluster this service has not heard of (yet)."""

    code = "unknown_cluster"
    title = "Неизвестный кластер"


class UnknownIndustry(Invalid):
    """An industry no cluster this service has heard of is in (yet)."""

    code = "unknown_industry"
    title = "Неизвестная отрасль"


class AddresseesRefused(Conflict):
    """The directory itself does not know whom an item of the draft names."""

    code = "addressees_refused"
    title = "Справочник не знает адресатов"


class SelectorNotForAuthorities(Invalid):
    """Authorities are chosen by region; a list of anything else would silently mean nothing."""

    code = "selector_not_for_authorities"
    title = "Для органов власти отбор только по регионам"


class LeadAmbiguous(Invalid):
    """Co-executors need one lead, and the addressees are not one cluster."""

    code = "lead_ambiguous"
    title = "Ответственный исполнитель должен быть один"


class ClosesOnNotForClusters(Invalid):
    """Only what an authority owes closes by an appointment."""

    code = "closes_on_not_for_clusters"
    title = "Закрытие по событию — только для органов власти"


def check_shape(addressees: Addressees, closes_on: str | None, control: Control = USUAL) -> None:
    """What can be refused without knowing any region or cluster.

    Raises `SelectorNotForAuthorities`, `ClosesOnNotForClusters`, `LeadAmbiguous`.
    """
    alone = addressees.kind is AddresseeKind.CLUSTER and len(addressees.clusters) == 1
    if control.co_executors and not (alone and addressees.clusters[0] not in control.co_executors):
        raise LeadAmbiguous(
            "Соисполнители возможны, когда пункт адресован одному кластеру, и сам он не среди них.",
            field="body.control.co_executors",
        )
    match addressees.kind:
        case AddresseeKind.AUTHORITY:
            for name in ("clusters", "cohorts", "industries"):
                if getattr(addressees, name):
                    raise SelectorNotForAuthorities(
                        "Поручение органам власти адресуется регионам, а не кластерам.",
                        field=f"body.addressees.{name}",
                    )
        case AddresseeKind.CLUSTER:
            if closes_on is not None:
                raise ClosesOnNotForClusters(
                    "Само закрывается только поручение органам власти.", field="body.closes_on"
                )


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What a selector looks at."""

    id: UUID
    region: str
    industry: str
    cohort: int


@dataclass(frozen=True, slots=True)
class Reach:
    """How many executions an item would make, and in how many regions."""

    executions: int
    regions: int


def reach(addressees: Addressees, clusters: Iterable[ClusterFacts], regions: set[str]) -> Reach:
    """Whom the item addresses, of the clusters and regions given. Every list narrows further."""
    if addressees.kind is AddresseeKind.AUTHORITY:
        found = regions.intersection(addressees.regions) if addressees.regions else regions
        return Reach(executions=len(found), regions=len(found))
    wanted = (
        (frozenset(addressees.clusters), "id"),
        (frozenset(addressees.regions), "region"),
        (frozenset(addressees.cohorts), "cohort"),
        (frozenset(addressees.industries), "industry"),
    )
    addressed = [
        cluster
        for cluster in clusters
        if all(not values or getattr(cluster, name) in values for values, name in wanted)
    ]
    return Reach(executions=len(addressed), regions=len({cluster.region for cluster in addressed}))
