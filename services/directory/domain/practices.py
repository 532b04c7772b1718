"""How a practice goes from nomination to replication, and who may not judge it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Final

from services.directory.domain.association_policies import AssociationPolicy
from shared.errors import Conflict, Invalid


class PracticeStatus(StrEnum):
    """How far a practice has come."""

    NOMINATED = "nominated"
    REVIEWED = "reviewed"
    SELECTED = "selected"
    REPLICATED = "replicated"
    DECLINED = "declined"


class PracticeAction(StrEnum):
    """What is done with a practice."""

    REVIEW = "review"
    SELECT = "select"
    DECLINE = "decline"
    REPLICATE = "replicate"


STATUS_NAMES: Final = {
    PracticeStatus.NOMINATED: "номинирована",
    PracticeStatus.REVIEWED: "рассмотрена",
    PracticeStatus.SELECTED: "отобрана",
    PracticeStatus.REPLICATED: "тиражируется",
    PracticeStatus.DECLINED: "отклонена",
}
ACTION_NAMES: Final = {
    PracticeAction.REVIEW: "рассматривать",
    PracticeAction.SELECT: "отобрать",
    PracticeAction.DECLINE: "отклонить",
    PracticeAction.REPLICATE: "тиражировать",
}
TRANSITIONS: Final[Mapping[tuple[PracticeStatus, PracticeAction], PracticeStatus]] = {
    # A review leaves it nominated until there are enough of them: `after_review`.
    (PracticeStatus.NOMINATED, PracticeAction.REVIEW): PracticeStatus.NOMINATED,
    (PracticeStatus.REVIEWED, PracticeAction.REVIEW): PracticeStatus.REVIEWED,
    (PracticeStatus.REVIEWED, PracticeAction.SELECT): PracticeStatus.SELECTED,
    (PracticeStatus.NOMINATED, PracticeAction.DECLINE): PracticeStatus.DECLINED,
    (PracticeStatus.REVIEWED, PracticeAction.DECLINE): PracticeStatus.DECLINED,
    (PracticeStatus.SELECTED, PracticeAction.REPLICATE): PracticeStatus.REPLICATED,
    (PracticeStatus.REPLICATED, PracticeAction.REPLICATE): PracticeStatus.REPLICATED,
}


class PracticeActionNotAllowed(Conflict):
    """The practice's status does not permit the action."""

    code = "practice_action_not_allowed"
    title = "Действие недоступно в этом состоянии"

    def __init__(self, status: PracticeStatus, action: PracticeAction) -> None:
        super().__init__(
            f"Нельзя {ACTION_NAMES[action]} практику: она {STATUS_NAMES[status]}"
            + (" и ждёт отзывов." if status is PracticeStatus.NOMINATED else ".")
        )
        self.current = {"state": status}


class ConflictOfInterest(Conflict):
    """Nobody judges a practice of their own cluster or region."""

    code = "conflict_of_interest"
    title = "Конфликт интересов"


class ReviewedAlready(Conflict):
    """A reviewer reviews a practice once."""

    code = "practice_already_reviewed"
    title = "Отзыв уже дан"


class ReplicatedAlready(Conflict):
    """A practice comes to a cluster once."""

    code = "practice_already_replicated"
    title = "Практика в этом кластере уже есть"


class PointsOffRubric(Invalid):
    """A review gives points to every criterion of the rubric and to nothing else."""

    code = "points_off_rubric"
    title = "Отзыв не по критериям"


class OwnPractice(Invalid):
    """A practice is not replicated to the cluster it came from."""

    code = "own_practice"
    title = "Практика этого же кластера"


def next_status(status: PracticeStatus, action: PracticeAction) -> PracticeStatus:
    """Where the action leads. Raises `PracticeActionNotAllowed`."""
    try:
        return TRANSITIONS[status, action]
    except KeyError:
        raise PracticeActionNotAllowed(status, action) from None


def after_review(reviews: int, policy: AssociationPolicy) -> PracticeStatus:
    """Reviewed once there are as many reviews as the policy wants."""
    enough = reviews >= policy.min_reviews
    return PracticeStatus.REVIEWED if enough else PracticeStatus.NOMINATED


def status_as_of(
    status: PracticeStatus,
    decided_on: date | None,
    at: date,
    *,
    undecided: PracticeStatus,
    replications: int,
) -> PracticeStatus:
    """The status on the day, from what it is now: `undecided` is what the reviews until then made
    of it, and replications are those until then.
    """
    if decided_on is None or decided_on > at:
        return undecided
    if status is PracticeStatus.DECLINED:
        return status
    return PracticeStatus.REPLICATED if replications else PracticeStatus.SELECTED


def check_points(points: Mapping[str, int], policy: AssociationPolicy) -> None:
    """Raises `PointsOffRubric`."""
    wanted = {criterion.code for criterion in policy.criteria}
    if points.keys() != wanted:
        raise PointsOffRubric(
            f"Оцените каждый критерий и только их: {', '.join(sorted(wanted))}.",
            field="body.points",
        )
    if any(not 0 <= value <= policy.max_points for value in points.values()):
        raise PointsOffRubric(f"Оценка – от 0 до {policy.max_points}.", field="body.points")


def check_interest(region: str, own_regions: Collection[str]) -> None:
    """Raises `ConflictOfInterest`; the regions of one's own clusters are one's own."""
    if region in own_regions:
        raise ConflictOfInterest("Практику своего кластера или региона не оценивают и не отбирают.")


def mean_hundredths(reviews: Sequence[Mapping[str, int]]) -> int | None:
    """The mean of all points of all reviews in hundredths of a point, rounded half up."""
    points = [value for review in reviews for value in review.values()]
    if not points:
        return None
    return (200 * sum(points) + len(points)) // (2 * len(points))
