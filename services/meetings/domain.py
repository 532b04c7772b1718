"""How a meeting lives, what a protocol may say, and the hash that seals it.

Pure decisions: callers bring the state and the clock. A meeting is scheduled and then held or
cancelled, once; a protocol is a draft until it is approved, and nothing changes it afterwards.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from shared.errors import Conflict, Invalid, NotFound
from shared.events.meetings import AddresseeKind, Addressees, Control, Priority
from shared.recurrence import next_date

MAX_AGENDA_ITEMS: Final = 100
MAX_PROTOCOL_ITEMS: Final = 100
# The event carries the whole protocol, and Kafka's own limit for a message is 1 MiB.
MAX_CONTENT_BYTES: Final = 900_000


class Series(StrEnum):
    """Whose meeting it is: of all regions, or of the winners of one year."""

    UNIFIED = "unified"
    COHORT_2022 = "cohort-2022"
    COHORT_2023 = "cohort-2023"
    COHORT_2024 = "cohort-2024"
    OTHER = "other"


# How an item is controlled where nothing else is said.
USUAL: Final = Control()


class MeetingStatus(StrEnum):
    """Where a meeting stands."""

    SCHEDULED = "scheduled"
    HELD = "held"
    CANCELLED = "cancelled"


class MeetingCommand(StrEnum):
    """What someone may try to do with a meeting."""

    HOLD = "hold"
    CANCEL = "cancel"


class AgendaKind(StrEnum):
    """The two parts of an agenda a person writes."""

    OPERATIONAL = "operational"
    CROSS_CUTTING = "cross_cutting"


class ProtocolStatus(StrEnum):
    """A draft can be edited; an approved protocol is what it is."""

    DRAFT = "draft"
    APPROVED = "approved"


TRANSITIONS: Final[Mapping[tuple[MeetingStatus, MeetingCommand], MeetingStatus]] = {
    (MeetingStatus.SCHEDULED, MeetingCommand.HOLD): MeetingStatus.HELD,
    (MeetingStatus.SCHEDULED, MeetingCommand.CANCEL): MeetingStatus.CANCELLED,
}
STATUS_NAMES: Final[Mapping[MeetingStatus, str]] = {
    MeetingStatus.SCHEDULED: "назначено",
    MeetingStatus.HELD: "проведено",
    MeetingStatus.CANCELLED: "отменено",
}
COMMAND_NAMES: Final[Mapping[MeetingCommand, str]] = {
    MeetingCommand.HOLD: "отметить проведённым",
    MeetingCommand.CANCEL: "отменить",
}


class MeetingNotFound(NotFound):
    """No meeting has this id."""

    code = "meeting_not_found"
    title = "Совещание не найдено"


class ProtocolNotFound(NotFound):
    """No protocol has this id."""

    code = "protocol_not_found"
    title = "Протокол не найден"


class ProtocolItemNotFound(NotFound):
    """The protocol has no item with this id."""

    code = "protocol_item_not_found"
    title = "Пункт протокола не найден"


class MeetingActionNotAllowed(Conflict):
    """The meeting's status does not permit the command."""

    code = "meeting_action_not_allowed"
    title = "Действие недоступно в этом состоянии"

    def __init__(self, status: MeetingStatus, command: MeetingCommand) -> None:
        super().__init__(
            f"Нельзя {COMMAND_NAMES[command]} совещание: оно уже {STATUS_NAMES[status]}."
        )


class MeetingNotStarted(Conflict):
    """A meeting cannot have been held before it began."""

    code = "meeting_not_started"
    title = "Совещание ещё не началось"


class AgendaClosed(Conflict):
    """The agenda of a meeting that was held or cancelled stays as it was."""

    code = "agenda_closed"
    title = "Повестка закрыта"


class AgendaFull(Conflict):
    """The agenda has as many items as it may."""

    code = "agenda_full"
    title = "В повестке слишком много вопросов"


class MeetingCancelled(Conflict):
    """A cancelled meeting resolves nothing."""

    code = "meeting_cancelled"
    title = "Совещание отменено"


class MeetingNotHeld(Conflict):
    """A protocol is approved after its meeting."""

    code = "meeting_not_held"
    title = "Совещание ещё не проведено"


class ProtocolExists(Conflict):
    """A meeting has one protocol."""

    code = "protocol_exists"
    title = "Протокол этого совещания уже есть"


class ProtocolImmutable(Conflict):
    """An approved protocol is never edited; a correction is another protocol."""

    code = "protocol_immutable"
    title = "Утверждённый протокол не меняется"


class ProtocolAlreadyApproved(Conflict):
    """Approving happens once."""

    code = "protocol_already_approved"
    title = "Протокол уже утверждён"


class ProtocolNotApproved(Conflict):
    """A draft has no hash to verify."""

    code = "protocol_not_approved"
    title = "Протокол ещё не утверждён"


class ProtocolEmpty(Conflict):
    """There is nothing to approve."""

    code = "protocol_empty"
    title = "В протоколе нет пунктов"


class ProtocolTooLarge(Conflict):
    """The protocol holds as much as it may: items, or text and addressees in all."""

    code = "protocol_too_large"
    title = "Протокол слишком большой"


class DueBeforeSigning(Conflict):
    """An item cannot be due before it is signed."""

    code = "due_before_signing"
    title = "Срок раньше подписания"


class SeriesOver(Conflict):
    """An item recurs only on days before it is signed."""

    code = "series_over"
    title = "Ряд окончился до подписания"


class UnknownMeeting(Invalid):
    """The protocol names a meeting that is not there."""

    code = "unknown_meeting"
    title = "Неизвестное совещание"


class UnknownAgendaItem(Invalid):
    """The item names a question that is not on this meeting's agenda."""

    code = "unknown_agenda_item"
    title = "Неизвестный вопрос повестки"


class UnknownRegion(Invalid):
    """A region this service has not heard of (yet)."""

    code = "unknown_region"
    title = "Неизвестный регион"


class UnknownCluster(Invalid):
    """A cluster this service has not heard of (yet)."""

    code = "unknown_cluster"
    title = "Неизвестный кластер"


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


def next_status(
    status: MeetingStatus, command: MeetingCommand, *, starts_at: datetime, now: datetime
) -> MeetingStatus:
    """Where the command leads. Raises `MeetingActionNotAllowed`, `MeetingNotStarted`."""
    try:
        following = TRANSITIONS[status, command]
    except KeyError:
        raise MeetingActionNotAllowed(status, command) from None
    if following is MeetingStatus.HELD and now < starts_at:
        raise MeetingNotStarted("Совещание нельзя отметить проведённым до его начала.")
    return following


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


@dataclass(frozen=True, slots=True)
class MeetingContent:
    """The meeting, as far as its protocol repeats it."""

    id: UUID
    title: str
    series: Series
    starts_at: datetime
    duration_minutes: int
    place: str | None


@dataclass(frozen=True, slots=True)
class ItemContent:
    """What one item says."""

    id: UUID
    position: int
    text: str
    priority: Priority
    due_on: date | None
    addressees: Addressees
    agenda_item_id: UUID | None
    closes_on: str | None
    control: Control = USUAL


def canonical(meeting: MeetingContent, items: Sequence[ItemContent]) -> bytes:
    """The content as bytes that depend on nothing else: what `content_hash` seals.

    UTF-8 JSON without spaces, keys sorted, characters not escaped, null where there is nothing:
    `{"items": [...], "meeting": {...}}`. A meeting is `duration_minutes, id, place, series,
    starts_at, title`, with the instant in UTC as `2023-10-04T07:00:00Z` (a fraction of a second
    only where there is one). Items stand by position; an item is `addressees, agenda_item_id,
    closes_on, due_on, id, position, priority, text`, and its addressees are `clusters, cohorts,
    industries, kind, regions`, each list sorted as it is stored. An item that is not controlled
    the usual way has `control` as well, the whole of it. The number, the year and the
    dates of signing are not part of it.
    """
    starts_at = meeting.starts_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    content: dict[str, Any] = {
        "meeting": {
            "id": str(meeting.id),
            "title": meeting.title,
            "series": meeting.series,
            "starts_at": starts_at,
            "duration_minutes": meeting.duration_minutes,
            "place": meeting.place,
        },
        "items": [
            {
                "id": str(item.id),
                "position": item.position,
                "text": item.text,
                "priority": item.priority,
                "due_on": item.due_on.isoformat() if item.due_on else None,
                "addressees": item.addressees.model_dump(mode="json"),
                "agenda_item_id": str(item.agenda_item_id) if item.agenda_item_id else None,
                "closes_on": item.closes_on,
                **(
                    {"control": item.control.model_dump(mode="json")}
                    if item.control != USUAL
                    else {}
                ),
            }
            for item in sorted(items, key=lambda item: item.position)
        ],
    }
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode()


def content_hash(meeting: MeetingContent, items: Sequence[ItemContent]) -> str:
    """SHA-256 of `canonical`, in hexadecimal."""
    return hashlib.sha256(canonical(meeting, items)).hexdigest()


def check_size(meeting: MeetingContent, items: Sequence[ItemContent]) -> None:
    """Raises `ProtocolTooLarge`."""
    if len(items) > MAX_PROTOCOL_ITEMS:
        raise ProtocolTooLarge(f"В протоколе может быть не больше {MAX_PROTOCOL_ITEMS} пунктов.")
    if len(canonical(meeting, items)) > MAX_CONTENT_BYTES:
        raise ProtocolTooLarge(
            "Тексты и списки адресатов вместе слишком велики. Сократите их или отберите"
            " адресатов по региону, году и отрасли."
        )


def check_approvable(
    meeting: MeetingStatus, items: Sequence[ItemContent], *, signed_on: date
) -> None:
    """Whether the draft may be signed on the date.

    Raises `MeetingNotHeld`, `ProtocolEmpty`, `DueBeforeSigning`, `SeriesOver`.
    """
    if meeting is not MeetingStatus.HELD:
        raise MeetingNotHeld("Протокол утверждается после того, как совещание проведено.")
    if not items:
        raise ProtocolEmpty("В протоколе нет ни одного пункта.")
    early = [str(item.position) for item in items if item.due_on and item.due_on < signed_on]
    if early:
        raise DueBeforeSigning(
            f"Срок раньше даты подписания ({signed_on.isoformat()}) в пунктах: {', '.join(early)}."
        )
    over = [
        str(item.position)
        for item in items
        if item.control.rule is not None
        and next_date(item.control.rule, starts_on=signed_on, after=signed_on) is None
    ]
    if over:
        raise SeriesOver(
            f"После даты подписания ({signed_on.isoformat()}) правило повторения не даёт ни одной"
            f" даты в пунктах: {', '.join(over)}."
        )
