"""Rows of region 16 and of region 77, alike but for whose they are, for the permissions' test."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import Addressee, Origin, Party, Status
from services.assignments.domain.extensions import ExtensionStatus
from services.assignments.domain.notifications import Channel, NotificationState
from services.assignments.domain.register import Sort
from services.assignments.models import (
    Absence,
    Assignment,
    Execution,
    Extension,
    Notification,
    Recurrence,
    SavedView,
    StoredFile,
    Subtask,
)
from services.assignments.repository import policies
from shared.auth import Role
from tests.assignments.register import OTHER, furnish
from tests.factories import CLUSTER, make_assignment, make_execution
from tests.permissions.matrix import Ask, Whose, World

ME: Final = "me"
OWN: Final = "Подготовить мастерские региона 16"
FOREIGN: Final = "Подготовить мастерские региона 77"
HELPER: Final = UUID("0190c5a0-0000-7000-8000-0000000000cc")
_AT: Final = datetime(2023, 9, 20, 10, tzinfo=UTC)
_SHA: Final = "a" * 64
_LINKED: Final = {"kind": "link", "title": "Акт", "url": "https://example.org/akt"}

_OF_REGION: Final = {"regions": ["16"], "clusters": [str(OTHER)], "industries": ["agriculture"]}
_OF_CLUSTER: Final = {"regions": ["77"], "clusters": [str(CLUSTER)], "industries": ["agriculture"]}
_OF_INDUSTRY: Final = {
    "regions": ["77"],
    "clusters": [str(OTHER)],
    "industries": ["mechanical-engineering"],
}
# Claims of the kinds a role does not go by are foreign: they must open nothing.
CLAIMS: Final[Mapping[Role, Mapping[str, Any]]] = {role: {"sub": ME} for role in Role} | {
    Role.COORDINATOR: {"sub": ME, **_OF_REGION},
    Role.DEPUTY: {"sub": ME, **_OF_REGION},
    Role.AUTHORITY_HEAD: {"sub": ME, **_OF_REGION},
    Role.CLUSTER: {"sub": ME, **_OF_CLUSTER},
    Role.ASSOCIATION: {"sub": ME, **_OF_INDUSTRY},
}


@dataclass(slots=True)
class Side:
    """One region's rows: by status, and by the parameter of a path."""

    region: str
    cluster: UUID
    industry: str
    owner: str
    text: str
    names: dict[str, str] = field(default_factory=dict)
    executions: dict[Status, UUID] = field(default_factory=dict)
    rows: list[Any] = field(default_factory=list)

    def assignment(self, **overrides: Any) -> Assignment:
        found = make_assignment(text=self.text, **overrides)
        self.rows.append(found)
        return found

    def execution(self, assignment: Assignment, **overrides: Any) -> Execution:
        whose = {"region": self.region, "cluster_id": self.cluster, "industry": self.industry}
        found = make_execution(assignment, **(whose | overrides))
        self.rows.append(found)
        return found


async def populate(session: AsyncSession) -> World:
    """Write the rows, and say what asks for them."""
    await furnish(session)
    own = Side("16", CLUSTER, "mechanical-engineering", ME, OWN)
    foreign = Side("77", OTHER, "agriculture", "somebody", FOREIGN)
    shared = make_assignment(text="Поручение обоим регионам")
    session.add(shared)
    for side, status in ((own, Status.ACKNOWLEDGED), (foreign, Status.IN_PROGRESS)):
        _work(side)
        _around(side)
        side.execution(shared, status=status)
    await session.flush()
    # Those that others refer to come first.
    for kind in (Recurrence, Assignment, Execution, object):
        rows = [row for side in (own, foreign) for row in side.rows if isinstance(row, kind)]
        session.add_all(rows)
        await session.flush()
    session.expunge_all()
    return World(
        claims=CLAIMS,
        own=own.names,
        foreign=foreign.names,
        asks=_asks(own, foreign, shared.id)
        | {"create_policy": {Whose.OWN: Ask(body=await _policy(session))}},
        lists=_lists(own, foreign),
    )


def _work(side: Side) -> None:
    """An execution in each status that commands are tried in, and one of the authority."""
    series = Recurrence(
        id=uuid4(),
        origin=Origin.OTHER,
        instruction={"control": {}},
        rule="FREQ=MONTHLY;BYMONTHDAY=5",
        starts_on=date(2023, 9, 5),
        created_at=_AT,
    )
    routed = side.assignment(recurrence_id=series.id, occurrence=1)
    points = [{"number": number, "text": "Пункт"} for number in (1, 2, 3)]
    reached = {"version": 1000 + int(side.region)}
    for assignment, status, more in (
        (routed, Status.ROUTED, {}),
        (side.assignment(), Status.SUBMITTED, {}),
        (side.assignment(points=points), Status.FORWARDED, {"done": date(2023, 9, 20)}),
        (side.assignment(), Status.ACCEPTED, {"done": date(2023, 9, 20), **reached}),
    ):
        found = side.execution(assignment, status=status, **more)
        side.executions[status] = found.id
    side.execution(
        side.assignment(), addressee=Addressee.AUTHORITY, cluster_id=None, status=Status.ISSUED
    )
    side.rows.append(series)
    side.names |= {
        "region": side.region,
        "assignment_id": str(routed.id),
        "recurrence_id": str(series.id),
        "execution_id": str(side.executions[Status.ROUTED]),
    }


def _around(side: Side) -> None:
    """What belongs to the routed execution, to the region, and to the actor."""
    execution_id = side.executions[Status.ROUTED]
    subtask = Subtask(
        id=uuid4(),
        execution_id=execution_id,
        text="Прислать черновик",
        due=date(2023, 10, 13),
        created_by="coordinator",
        created_at=_AT,
    )
    file = StoredFile(
        id=uuid4(),
        execution_id=execution_id,
        name="Акт.pdf",
        media_type="application/pdf",
        size=1,
        sha256=_SHA,
        party=Party.ADDRESSEE,
        uploaded_by=ME,
        uploaded_at=_AT,
    )
    asked = Extension(
        id=uuid4(),
        execution_id=execution_id,
        status=ExtensionStatus.OPEN,
        party=Party.ADDRESSEE,
        asked_by="cluster",
        asked_at=_AT,
        due=date(2023, 10, 20),
        wanted=date(2023, 11, 3),
        reason="Поставщик опаздывает",
        in_time=True,
    )
    absence = Absence(
        id=uuid4(),
        region=side.region,
        away_from=date(2023, 10, 9),
        away_to=date(2023, 10, 20),
        reason=f"Отпуск {side.region}",
        created_by="coordinator",
        created_at=_AT,
    )
    message = Notification(
        id=uuid4(),
        recipient=f"person {side.region}",
        offices=["coordinator"],
        regions=[side.region],
        person_id=uuid4(),
        channel=Channel.EMAIL,
        day=date(2023, 10, 2),
        subject=f"Поручения {side.region}",
        body="",
        state=NotificationState.FAILED,
        created_at=_AT,
    )
    view = SavedView(
        id=uuid4(),
        actor=side.owner,
        name=f"Отбор {side.region}",
        filter={},
        sort=Sort.DUE,
        created_at=_AT,
    )
    side.rows += [subtask, file, asked, absence, message, view]
    side.names |= {
        "subtask_id": str(subtask.id),
        "file_id": str(file.id),
        "absence_id": str(absence.id),
        "notification_id": str(message.id),
        "view_id": str(view.id),
    }


async def _policy(session: AsyncSession) -> dict[str, Any]:
    known = await policies.get_policy(session, 1)
    return {"effective_from": "2023-12-01", "note": "Та же", "document": known.document}


def _asks(own: Side, foreign: Side, shared: UUID) -> dict[str, dict[Whose, Ask]]:
    sides = {Whose.OWN: own, Whose.FOREIGN: foreign}

    def in_status(status: Status, **more: Any) -> dict[Whose, Ask]:
        return {
            whose: Ask(path={"execution_id": str(side.executions[status])}, **more)
            for whose, side in sides.items()
        }

    def saying(**more: Any) -> dict[Whose, Ask]:
        return dict.fromkeys(Whose, Ask(**more))

    # What several parties may command, each in its turn, is tried where it is nobody's: the
    # refusal (409) tells that the row was reached. Whose turn it is, `test_every_triple` tries.
    over = in_status(Status.ACCEPTED)
    everything = [
        {"execution_id": str(side.executions[Status.ACCEPTED])} for side in sides.values()
    ]
    # Not the days of the absence that is there.
    absent = {"away_from": "2023-11-13", "away_to": "2023-11-24", "reason": "Отпуск"}
    superseding = {"by": str(shared), "reason": "Уточнён состав."}
    return {
        "acknowledge_execution": over,
        "start_execution": over,
        "submit_execution": in_status(
            Status.ACCEPTED, body={"text": "Исполнено.", "evidence": [_LINKED]}
        ),
        "return_execution": over,
        "accept_execution": over,
        "request_extension": over,
        "cancel_extension": over,
        "upload_file": in_status(
            Status.ACCEPTED, files={"file": ("Акт.pdf", b"%PDF-1.7\n", "application/pdf")}
        ),
        "pre_check_execution": in_status(Status.SUBMITTED),
        "forward_execution": in_status(Status.SUBMITTED),
        "accept_part_of_execution": in_status(Status.FORWARDED),
        "supersede_assignment": saying(body=superseding),
        "supersede_execution": saying(body=superseding),
        # To the date asked for.
        "grant_extension": saying(body={}),
        "add_co_executors": saying(body={"cluster_ids": [str(HELPER)]}),
        "command_executions": saying(body={"command": "forward", "items": everything}),
        "count_executions": saying(query={"assignment_id": str(shared)}),
        # What the asker has already is not sent again, and need not be in the store.
        "download_file": saying(headers={"If-None-Match": f'"{_SHA}"'}),
        "create_absence": {
            whose: Ask(body={**absent, "region": side.region}) for whose, side in sides.items()
        },
        "set_auto_forwarding": {
            whose: Ask(body={"cluster_ids": [str(side.cluster)]}) for whose, side in sides.items()
        },
        "resolve_deadline": saying(
            body={"term": "date", "on": "2023-11-04", "signed_on": "2023-10-04", "region": "16"}
        ),
    }


def _lists(own: Side, foreign: Side) -> dict[str, dict[Whose, str]]:
    def both(mark: str) -> dict[Whose, str]:
        return {
            Whose.OWN: mark.format(own.region, **own.names),
            Whose.FOREIGN: mark.format(foreign.region, **foreign.names),
        }

    texts = {Whose.OWN: own.text, Whose.FOREIGN: foreign.text}
    regions = {Whose.OWN: "Татарстан", Whose.FOREIGN: "Москва"}
    return {
        "read_inbox": texts,
        "list_assignments": texts,
        "list_recurrences": both("{recurrence_id}"),
        # Only of a row that was reached the outcome tells the version.
        "command_executions": both('"version":10{}'),
        "list_executions": texts,
        "count_executions": {Whose.OWN: '"acknowledged"', Whose.FOREIGN: '"in_progress"'},
        "export_executions_csv": texts,
        "export_executions_xlsx": texts,
        "chart_executions_by_region": regions,
        "draw_executions_by_region": regions,
        "list_views": both("Отбор {}"),
        "list_absences": both("Отпуск {}"),
        "list_notifications": both("Поручения {}"),
    }
