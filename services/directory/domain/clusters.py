"""How a cluster lives, and what is refused."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from services.directory.domain.organisations import CodeTaken
from shared.errors import Conflict, Invalid


class ClusterStatus(StrEnum):
    """Where a cluster stands; only active ones are addressed."""

    PLANNED = "planned"
    ACTIVE = "active"
    REORGANISED = "reorganised"
    CLOSED = "closed"


class ClusterAction(StrEnum):
    """What moves a cluster from one status to another."""

    ACTIVATE = "activate"
    REORGANISE = "reorganise"
    CLOSE = "close"
    MERGE = "merge"


STATUS_NAMES: Final[Mapping[ClusterStatus, str]] = {
    ClusterStatus.PLANNED: "планируется",
    ClusterStatus.ACTIVE: "действует",
    ClusterStatus.REORGANISED: "реорганизуется",
    ClusterStatus.CLOSED: "закрыт",
}
ACTION_NAMES: Final[Mapping[ClusterAction, str]] = {
    ClusterAction.ACTIVATE: "открыть",
    ClusterAction.REORGANISE: "реорганизовать",
    ClusterAction.CLOSE: "закрыть",
    ClusterAction.MERGE: "присоединить к другому",
}
# A merged cluster is a closed one that names its successor. What is closed stays closed.
TRANSITIONS: Final[Mapping[tuple[ClusterStatus, ClusterAction], ClusterStatus]] = {
    (ClusterStatus.PLANNED, ClusterAction.ACTIVATE): ClusterStatus.ACTIVE,
    (ClusterStatus.PLANNED, ClusterAction.CLOSE): ClusterStatus.CLOSED,
    (ClusterStatus.PLANNED, ClusterAction.MERGE): ClusterStatus.CLOSED,
    (ClusterStatus.ACTIVE, ClusterAction.REORGANISE): ClusterStatus.REORGANISED,
    (ClusterStatus.ACTIVE, ClusterAction.CLOSE): ClusterStatus.CLOSED,
    (ClusterStatus.ACTIVE, ClusterAction.MERGE): ClusterStatus.CLOSED,
    (ClusterStatus.REORGANISED, ClusterAction.ACTIVATE): ClusterStatus.ACTIVE,
    (ClusterStatus.REORGANISED, ClusterAction.CLOSE): ClusterStatus.CLOSED,
    (ClusterStatus.REORGANISED, ClusterAction.MERGE): ClusterStatus.CLOSED,
}


# What leads to a status by itself: nothing leads back to a plan, and a merger names its heir.
STEPS: Final[Mapping[ClusterStatus, ClusterAction]] = {
    ClusterStatus.ACTIVE: ClusterAction.ACTIVATE,
    ClusterStatus.REORGANISED: ClusterAction.REORGANISE,
    ClusterStatus.CLOSED: ClusterAction.CLOSE,
}


class ChangeKind(StrEnum):
    """An entry of a cluster's timeline."""

    REGISTERED = "registered"
    RENAMED = "renamed"
    INDUSTRY_CORRECTED = "industry_corrected"
    COHORT_CORRECTED = "cohort_corrected"
    ACTIVATED = "activated"
    REORGANISED = "reorganised"
    CLOSED = "closed"
    MERGED = "merged"
    ABSORBED = "absorbed"
    RELATED = "related"
    RELATION_ENDED = "relation_ended"
    RELATION_CANCELLED = "relation_cancelled"


class UnknownCluster(Invalid):
    """A cluster id nobody has."""

    code = "unknown_cluster"
    title = "Неизвестный кластер"


class ClusterCodeTaken(CodeTaken):
    """Another cluster has this code already."""

    code = "cluster_code_taken"


class ClusterActionNotAllowed(Conflict):
    """The cluster's status does not permit the action."""

    code = "cluster_action_not_allowed"
    title = "Действие недоступно в этом состоянии"


class EffectiveInFuture(Invalid):
    """A status is recorded on its day or later: everybody hears what is, not what may be."""

    code = "effective_in_future"
    title = "Дата ещё не наступила"


class EffectiveTooEarly(Conflict):
    """The status before it began later."""

    code = "effective_too_early"
    title = "Дата раньше предыдущего изменения"


class ClusterClosed(Conflict):
    """What is closed gets nothing new from that day on."""

    code = "cluster_closed"
    title = "Кластер закрыт"


class MergeImpossible(Invalid):
    """A cluster is merged into another one of its region."""

    code = "merge_impossible"
    title = "Так кластеры не объединяются"


def next_status(status: ClusterStatus, action: ClusterAction) -> ClusterStatus:
    """Where the action leads. Raises `ClusterActionNotAllowed`."""
    try:
        return TRANSITIONS[status, action]
    except KeyError:
        raise ClusterActionNotAllowed(
            f"Нельзя {ACTION_NAMES[action]} кластер, который {STATUS_NAMES[status]}."
        ) from None


def step_to(wanted: ClusterStatus, status: ClusterStatus) -> ClusterAction:
    """The action that leads to the wanted status. Raises `ClusterActionNotAllowed`."""
    action = STEPS.get(wanted)
    if action is None:
        raise ClusterActionNotAllowed(
            f"Кластер {STATUS_NAMES[status]}: планируемым он снова не станет."
        )
    next_status(status, action)
    return action
