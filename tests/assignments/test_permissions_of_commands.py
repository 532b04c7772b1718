"""Who may give which command when: every combination over the real API.

What is expected is said here once more, by hand, from SPEC §4 and §8; the service's own table plays
no part in it.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from itertools import product
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.assignments.domain.executions import Addressee, ExecutorRole, Party, Status
from services.assignments.domain.extensions import ExtensionStatus
from services.assignments.models import Absence, Execution, Extension, Tenure
from tests.conftest import NOW, Headers, Tokens
from tests.factories import make_assignment, make_execution

# A: who owes it, C: the region's coordinator, L: the lead of a co-executor, Z: the centre.
TRACKS: Final = ("cluster", "authority", "co")
EDITABLE: Final = "issued routed acknowledged in_progress returned"
OPEN: Final = f"{EDITABLE} submitted forwarded"
ENDED: Final = "accepted withdrawn superseded"
Ways = list[tuple[str, str]]


def _everywhere(ways: Ways) -> dict[str, Ways]:
    return {track: list(ways) for track in TRACKS}


MOVES: Final[dict[str, dict[str, Ways]]] = {
    "acknowledge": {
        "cluster": [("routed", "C")],
        "authority": [("issued", "A")],
        "co": [("routed", "C")],
    },
    "delegate": {
        "cluster": [("routed acknowledged in_progress returned", "C")],
        "co": [("routed acknowledged in_progress returned", "C")],
    },
    "start": _everywhere([("acknowledged returned", "A")]),
    "submit": _everywhere([("in_progress", "A")]),
    "pre-check": {"cluster": [("submitted", "C")]},
    "return": {
        "cluster": [("submitted", "C"), ("forwarded", "Z")],
        "authority": [("submitted", "Z")],
        "co": [("submitted", "L")],
    },
    "forward": {"cluster": [("submitted", "C")]},
    "accept": {
        "cluster": [("forwarded", "Z")],
        "authority": [("submitted", "Z")],
        "co": [("submitted", "L")],
    },
    "accept-part": {"cluster": [("forwarded", "Z")], "authority": [("submitted", "Z")]},
    "redate": _everywhere([(EDITABLE, "Z")]),
    "withdraw": _everywhere([(OPEN, "Z")]),
    "supersede": _everywhere([(OPEN, "Z")]),
    "extensions": {
        "cluster": [(EDITABLE, "AC")],
        "authority": [(EDITABLE, "A")],
        "co": [(EDITABLE, "AC")],
    },
    "extensions/cancel": {
        "cluster": [(OPEN, "AC")],
        "authority": [(OPEN, "A")],
        "co": [(OPEN, "AC")],
    },
    "extensions/grant": _everywhere([(OPEN, "Z")]),
    "extensions/refuse": _everywhere([(OPEN, "Z")]),
}
ON_A_REQUEST: Final = {"extensions/cancel", "extensions/grant", "extensions/refuse"}
CAPACITIES: Final[dict[str | tuple[str, str], set[str]]] = {
    ("cluster", "A"): {"cluster"},
    ("co", "A"): {"cluster"},
    ("authority", "A"): {"authority_head"},
    "C": {"coordinator", "deputy"},
    "L": {"cluster"},
    "Z": {"cur_admin", "cur_controller"},
}
SUCCESSOR: Final = UUID(int=1)
LEAD, OWN, OTHER = (UUID(int=number) for number in (2, 3, 4))
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


@dataclass(frozen=True)
class Kind:
    """An actor and the region where the execution is that the actor tries to command.

    16: the coordinator is there and no controller is named; 17: the coordinator is away and a
    controller is named; 18: the coordinator's office is vacant.
    """

    name: str
    role: str
    is_: str = ""
    sees: bool = True
    where: str = "16"
    claims: dict[str, Any] = field(default_factory=dict)

    def parties(self, track: str) -> set[str]:
        return {
            party
            for party in self.is_
            if not (
                (party == "C" and track == "authority")
                or (party == "L" and track != "co")
                or (party == "A" and self.role not in CAPACITIES[(track, "A")])
            )
        }

    def sees_in(self, track: str) -> bool:
        """A cluster sees what it owes, and what is owed to it."""
        if self.role != "cluster":
            return self.sees
        return ("A" in self.is_ and track != "authority") or ("L" in self.is_ and track == "co")


def _of(region: str) -> dict[str, Any]:
    return {"regions": [region]}


KINDS: Final = [
    Kind("admin", "cur_admin", "Z"),
    Kind("admin, another controller named", "cur_admin", "Z", where="17"),
    Kind("controller", "cur_controller", "Z"),
    Kind("controller named", "cur_controller", "Z", where="17", claims={"sub": "named"}),
    Kind("controller's deputy", "cur_controller", "Z", where="17", claims={"sub": "stands-in"}),
    Kind("another controller", "cur_controller", where="17", claims={"sub": "another"}),
    Kind("coordinator", "coordinator", "C", claims=_of("16")),
    Kind("coordinator who is away", "coordinator", "C", where="17", claims=_of("17")),
    Kind("coordinator elsewhere", "coordinator", sees=False, claims=_of("77")),
    Kind("deputy, coordinator present", "deputy", claims=_of("16")),
    Kind("deputy, coordinator away", "deputy", "C", where="17", claims=_of("17")),
    Kind("deputy, office vacant", "deputy", "C", where="18", claims=_of("18")),
    Kind("deputy elsewhere", "deputy", sees=False, claims=_of("77")),
    Kind("cluster", "cluster", "A", claims={"clusters": [str(OWN)]}),
    Kind("another cluster", "cluster", claims={"clusters": [str(OTHER)]}),
    Kind("lead cluster", "cluster", "L", claims={"clusters": [str(LEAD)]}),
    Kind("authority", "authority_head", "A", claims=_of("16")),
    Kind("authority elsewhere", "authority_head", sees=False, claims=_of("77")),
    Kind("association", "association", claims={"industries": ["mechanical-engineering"]}),
    *(Kind(role, role) for role in ("operator", "secretary", "auditor", "platform", "service")),
]


def _movers(track: str, status: str, command: str) -> set[str]:
    """Whose move it is, as letters."""
    ways = MOVES[command].get(track, [])
    return {party for statuses, by in ways if status in statuses.split() for party in by}


def _roles(command: str) -> set[str]:
    """The roles that may ever give the command."""
    found: set[str] = set()
    for track, ways in MOVES[command].items():
        for _, by in ways:
            for party in by:
                found |= CAPACITIES[(track, party) if party == "A" else party]
    return found


def _expected(track: str, status: str, command: str, who: Kind) -> tuple[int, str | None]:
    if who.role not in _roles(command):
        return 403, "permission_denied"
    if not who.sees_in(track):
        return 404, "execution_not_found"
    movers = _movers(track, status, command)
    if not movers:
        return 409, "action_not_allowed"
    if who.role == "deputy" and not who.is_ and "C" in movers:
        return 403, "coordinator_present"
    if command == "extensions/cancel":
        # The one who asked takes it back: here that was the addressee.
        movers = {"A"}
    if movers.isdisjoint(who.parties(track)):
        return 403, "not_your_move"
    return (201 if command == "extensions" else 200), None


async def _world(
    session: AsyncSession, track: str, status: str
) -> dict[tuple[str, bool], Execution]:
    """Region and whether an extension has been asked for → an execution in the status."""
    points = [{"number": number, "text": "…"} for number in (1, 2)]
    session.add(make_assignment(id=SUCCESSOR))
    kinds: dict[str, dict[str, Any]] = {
        "cluster": {"cluster_id": OWN},
        "authority": {"addressee": Addressee.AUTHORITY, "cluster_id": None},
        "co": {"cluster_id": OWN, "role": ExecutorRole.CO, "lead_cluster_id": LEAD},
    }
    kind = kinds[track]
    made = {}
    for region, asked in product(("16", "17", "18"), (False, True)):
        named = {"controller": "named", "controller_deputy": "stands-in"} if region == "17" else {}
        assignment = make_assignment(points=points, **named)
        session.add(assignment)
        await session.flush()
        if track == "co":
            lead = make_execution(assignment, cluster_id=LEAD, region="20")
            session.add(lead)
            await session.flush()
            kind = {**kind, "lead_id": lead.id}
        execution = make_execution(assignment, region=region, status=Status(status), **kind)
        session.add(execution)
        await session.flush()
        made[region, asked] = execution
        if asked:
            session.add(
                Extension(
                    id=uuid4(),
                    execution_id=execution.id,
                    status=ExtensionStatus.OPEN,
                    party=Party.ADDRESSEE,
                    asked_by="cluster",
                    asked_at=NOW,
                    due=execution.due,
                    wanted=date(2023, 11, 3),
                    reason="Поставщик опаздывает.",
                    in_time=True,
                )
            )
    for region in ("16", "17"):
        session.add(
            Tenure(
                appointment_id=uuid4(),
                region=region,
                office="coordinator",
                person_id=uuid4(),
                valid_from=date(2023, 1, 1),
                version=1,
            )
        )
    session.add(
        Absence(
            id=uuid4(),
            region="17",
            away_from=NOW.date(),
            away_to=NOW.date(),
            reason="Отпуск",
            created_by="coordinator",
            created_at=NOW,
        )
    )
    await session.flush()
    session.expunge_all()
    return made


async def _everything(session: AsyncSession) -> tuple[Any, ...]:
    """What a refused command must leave as it was."""
    statement = text(
        "select (select jsonb_agg(to_jsonb(e) order by id) from executions e),"
        " (select jsonb_agg(to_jsonb(x) order by id) from extensions x),"
        " (select count(*) from execution_steps), (select count(*) from outbox)"
    )
    return tuple((await (await session.connection()).execute(statement)).one())


@pytest.mark.parametrize(("track", "status"), list(product(TRACKS, Status)))
async def test_a_command_succeeds_exactly_where_the_specification_says(
    client: httpx.AsyncClient, session: AsyncSession, token: Tokens, track: str, status: str
) -> None:
    world = await _world(session, track, status)
    actors: list[tuple[Kind, Headers]] = [(who, token(who.role, **who.claims)) for who in KINDS]
    before = await _everything(session)
    wrong: list[str] = []
    requests = 0
    for command, (who, headers) in product(MOVES, actors):
        execution = world[who.where, command in ON_A_REQUEST]
        status_code, code = _expected(track, status, command, who)
        # Taken back again; of what should be refused, everything stays for the end to see.
        attempt = await session.begin_nested() if code is None else None
        answer = await client.post(
            f"/v1/executions/{execution.id}/{command}", headers=headers, json=BODIES.get(command)
        )
        found = answer.status_code, answer.json().get("code")
        if found != (status_code, code):
            wrong.append(f"{who.name}: {command} gave {found}, not {(status_code, code)}")
        elif code is None and answer.json()["version"] != execution.version + 1:
            wrong.append(f"{who.name}: {command} made version {answer.json()['version']}")
        if attempt is not None:
            await attempt.rollback()
        requests += 1
    assert not wrong, "\n".join(wrong)
    assert requests == len(MOVES) * len(KINDS)
    assert await _everything(session) == before


def test_the_statement_knows_every_outcome_and_leaves_no_command_out() -> None:
    outcomes = Counter(
        _expected(track, status, command, who)
        for track, status, command, who in product(TRACKS, Status, MOVES, KINDS)
    )
    assert set(outcomes) == {
        (200, None),
        (201, None),
        (403, "permission_denied"),
        (403, "not_your_move"),
        (403, "coordinator_present"),
        (404, "execution_not_found"),
        (409, "action_not_allowed"),
    }
    assert min(outcomes.values()) > 10
