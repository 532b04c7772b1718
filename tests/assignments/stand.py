"""Everyone at work on assignments, for the tests that go through the API and let days pass."""

from datetime import UTC, date, datetime
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
from sqlmodel import col, select

from services.assignments.consumers import hear
from services.assignments.service import overdue, recurrences, routing
from shared.clients.base import ServiceClient
from shared.clients.directory import Addressee
from shared.db import Sessions, transaction
from shared.event_router import Circumstances
from shared.events.directory import AppointmentEvent, AppointmentMade
from shared.tables import OutboxRecord
from tests.assignments.directory import Clusters
from tests.conftest import NOW, Headers, Tokens
from tests.factories import make_addressee

OWN, HELPER, THIRD = (UUID(int=number) for number in (21, 22, 23))
PERSON, NEXT_PERSON = uuid4(), uuid4()
REASON = {"reason": "Так решено."}
SUCCESSOR: Final = UUID(int=1)
BODIES: Final[dict[str, dict[str, Any]]] = {
    "delegate": {"internal_due": "2023-10-18"},
    "submit": {
        "text": "Исполнено.",
        "evidence": [{"kind": "link", "title": "Акт", "url": "https://example.org/a"}],
    },
    "pre-check": {"text": "Всё на месте."},
    "return": {"reason": "Не приложен акт."},
    "accept-part": {"points": [1], "reason": "По пункту 2 нет акта."},
    "redate": {"due": "2023-11-03", "reason": "Решение комитета."},
    "withdraw": {"reason": "Выдано ошибочно."},
    "supersede": {"by": str(SUCCESSOR), "reason": "Уточнён состав."},
    "extensions": {"wanted": "2023-11-03", "reason": "Поставщик опаздывает."},
    "extensions/grant": {},
    "extensions/refuse": {"reason": "Срок достаточный."},
}
REPORT = BODIES["submit"]
Found = dict[str, Any]
# The way on: who does what to leave the status.
ON: Final = {
    "routed": ("coordinator", "acknowledge"),
    "acknowledged": ("cluster", "start"),
    "in_progress": ("cluster", "submit"),
    "submitted": ("coordinator", "forward"),
    "forwarded": ("controller", "accept"),
    "returned": ("cluster", "start"),
}


def msk(day: str, clock: str = "12:00") -> datetime:
    """The instant at which clocks in Moscow show this."""
    return datetime.fromisoformat(f"{day}T{clock}:00+03:00").astimezone(UTC)


class Stand:
    """Everyone at work on assignments, and the jobs that look at the calendar."""

    def __init__(
        self,
        api: httpx.AsyncClient,
        sessions: Sessions,
        clusters: Clusters,
        to_directory: ServiceClient,
        token: Tokens,
    ) -> None:
        self.api, self.sessions, self.clusters = api, sessions, clusters
        self.to_directory = to_directory
        self.who: dict[str, Headers] = {
            "admin": token("cur_admin"),
            "controller": token("cur_controller", sub="controller"),
            "another": token("cur_controller", sub="another"),
            "coordinator": token("coordinator", regions=["16"]),
            "elsewhere": token("coordinator", regions=["77"]),
            "deputy": token("deputy", regions=["16"]),
            "cluster": token("cluster", clusters=[str(OWN)]),
            "helper": token("cluster", clusters=[str(HELPER)]),
            "third": token("cluster", clusters=[str(THIRD)]),
            "authority": token("authority_head", regions=["16"]),
            "head of 77": token("authority_head", regions=["77"]),
            "auditor": token("auditor"),
        }

    async def post(
        self,
        who: str,
        path: str,
        body: Any = None,
        *,
        at: datetime = NOW,
        expect: int | tuple[int, str] = 200,
        method: str = "POST",
        headers: Headers | None = None,
    ) -> Found:
        wanted = expect if isinstance(expect, tuple) else (expect, None)
        answer = await self.api.request(
            method,
            path,
            headers={**self.who[who], "X-Simulated-Now": at.isoformat(), **(headers or {})},
            json=body,
        )
        found: Found = answer.json()
        assert (answer.status_code, found.get("code")) == wanted, answer.text
        return found

    async def get(self, path: str, who: str = "auditor", at: datetime = NOW) -> Found:
        return await self.post(who, path, at=at, method="GET")

    async def do(self, who: str, id_: str, command: str, body: Any = None, **how: Any) -> Found:
        given = BODIES.get(command) if body is None else body
        return await self.post(who, f"/v1/executions/{id_}/{command}", given, **how)

    async def issue(self, *, at: datetime = NOW, expect: Any = 201, **changes: Any) -> Found:
        body = {
            "text": "Представить план загрузки мастерских.",
            "priority": "important",
            "due_on": "2023-10-20",
            "addressees": {"kind": "cluster", "clusters": [str(OWN)]},
            **changes,
        }
        return await self.post("admin", "/v1/assignments", body, at=at, expect=expect)

    async def of(self, assignment: Found) -> list[Found]:
        found = await self.get(f"/v1/executions?assignment_id={assignment['id']}")
        return sorted(found["items"], key=lambda one: (one["role"] == "co", one["cluster_id"]))

    async def one(self, status: str = "routed", *, at: datetime = NOW, **changes: Any) -> str:
        """The lead's execution of a new assignment, brought to the status."""
        [lead, *_] = await self.of(await self.issue(at=at, **changes))
        await self.bring(lead["id"], status, at=at)
        return str(lead["id"])

    async def bring(self, id_: str, status: str, *, at: datetime = NOW) -> None:
        found = await self.read(id_)
        while found["status"] != status:
            who, command = ON[found["status"]]
            found = await self.do(who, id_, command, at=at)

    async def read(self, id_: str) -> Found:
        return await self.get(f"/v1/executions/{id_}")

    async def asked(self, id_: str) -> list[Found]:
        found = await self.get(f"/v1/executions/{id_}/extensions")
        items: list[Found] = found["items"]
        return items

    async def inbox(self, who: str, at: datetime = NOW) -> Found:
        return await self.get("/v1/inbox", who, at)

    async def told(self, key: object) -> list[str]:
        """The verbs of the aggregate's events."""
        async with self.sessions() as session:
            statement = (
                select(OutboxRecord.type)
                .where(col(OutboxRecord.key) == str(key))
                .order_by(col(OutboxRecord.position))
            )
            return [kind.split(".")[2] for kind in await session.exec(statement)]

    async def hear(self, *events: AppointmentEvent, at: datetime = NOW) -> None:
        async with transaction(self.sessions) as session:
            session.info[Circumstances] = Circumstances(at, self.to_directory)
            await hear(session, events)

    async def appoint(self, person: UUID = PERSON, **facts: Any) -> None:
        await self.hear(appointed(person, **facts))

    async def days_pass(self, at: datetime) -> None:
        async with transaction(self.sessions) as session:
            await routing.reroute(session, now=at)
        async with transaction(self.sessions) as session:
            await overdue.expire(session, now=at, after=None)

    async def months_pass(self, at: datetime) -> int:
        async with transaction(self.sessions) as session:
            return await recurrences.issue_recurring(session, self.to_directory, now=at)


def appointed(
    person: UUID = PERSON, *, kind: type[AppointmentEvent] = AppointmentMade, **facts: Any
) -> AppointmentEvent:
    given = {
        "version": 1,
        "occurred_at": NOW,
        "appointment_id": uuid4(),
        "region": "16",
        "office": "coordinator",
        "person_id": person,
        "valid_from": date(2023, 9, 1),
        "valid_to": None,
        **facts,
    }
    return kind(**given)


def addressee(cluster: UUID | None = OWN, **facts: Any) -> Addressee:
    return make_addressee(**{"cluster_id": cluster, "coordinator_id": PERSON, **facts})


AUTHORITY: Final[Found] = {"cohort": None, "industry": None}
