"""What the model wants to be there, and what may be missing of it."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from services.directory.domain.appointments import Office
from services.directory.domain.relations import RelationKind


class Gap(StrEnum):
    """Something a region or a cluster is to have, and may lack on a day."""

    COORDINATOR = "coordinator"
    DEPUTY = "deputy"
    AUTHORITY = "authority"
    AUTHORITY_HEAD = "authority_head"
    SUPERVISORY_BOARD = "supervisory_board"
    MANAGING_COMPANY = "managing_company"
    CORE_COLLEGE = "core_college"
    CURATOR = "curator"


GAP_NAMES: Final[Mapping[Gap, str]] = {
    Gap.COORDINATOR: "Регионы без координатора",
    Gap.DEPUTY: "Регионы без заместителя координатора",
    Gap.AUTHORITY: "Регионы без органа власти",
    Gap.AUTHORITY_HEAD: "Регионы без руководителя органа власти: письмо со срезом не уйдёт",
    Gap.SUPERVISORY_BOARD: "Регионы без наблюдательного совета",
    Gap.MANAGING_COMPANY: "Действующие кластеры без управляющей компании",
    Gap.CORE_COLLEGE: "Действующие кластеры без базового колледжа",
    Gap.CURATOR: "Действующие кластеры без куратора от ассоциации",
}
# Who holds it: an office of a region, or an organisation of a region or of a cluster.
OFFICES: Final[Mapping[Gap, Office]] = {
    Gap.COORDINATOR: Office.COORDINATOR,
    Gap.DEPUTY: Office.DEPUTY,
    Gap.AUTHORITY_HEAD: Office.AUTHORITY_HEAD,
}
OF_REGIONS: Final[Mapping[Gap, RelationKind]] = {
    Gap.AUTHORITY: RelationKind.AUTHORITY,
    Gap.SUPERVISORY_BOARD: RelationKind.SUPERVISORY_BOARD,
}
OF_CLUSTERS: Final[Mapping[Gap, RelationKind]] = {
    Gap.MANAGING_COMPANY: RelationKind.MANAGING_COMPANY,
    Gap.CORE_COLLEGE: RelationKind.CORE_COLLEGE,
}
