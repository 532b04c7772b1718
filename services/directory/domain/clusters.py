"""How a cluster stands, and what is refused."""

from enum import StrEnum

from services.directory.domain.organisations import CodeTaken
from shared.errors import Invalid


class ClusterStatus(StrEnum):
    """Where a cluster stands; only active ones are addressed."""

    PLANNED = "planned"
    ACTIVE = "active"
    REORGANISED = "reorganised"
    CLOSED = "closed"


class UnknownCluster(Invalid):
    """A cluster id nobody has."""

    code = "unknown_cluster"
    title = "Неизвестный кластер"


class ClusterCodeTaken(CodeTaken):
    """Another cluster has this code already."""

    code = "cluster_code_taken"
