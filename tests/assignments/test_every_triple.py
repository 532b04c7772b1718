"""Every (state, command, person) over the real API, against the specification written down again.

Generated, not sampled: three ways, every status, every command, every kind of person.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

import pytest

from services.assignments.domain import executions as domain
from services.assignments.domain.executions import Addressee, Command, ExecutorRole, Rule, Status
from services.assignments.domain.extensions import ExtensionStatus
from services.assignments.models import Absence, Extension, Tenure
from shared.db import transaction
from tests.assignments.real import LINK, PATHS, World
from tests.assignments.world import COMMANDS, FINAL, OPEN, Asked, Model, Who
from tests.conftest import NOW
from tests.factories import make_assignment, make_execution

ISSUED: Final = date(2023, 10, 2)
DUE: Final = date(2023, 10, 20)
OWN, LEAD, OTHER = (str(uuid4()) for _ in range(3))
PEOPLE: Final = (
    Who("cur_admin"),
    Who("cur_controller", "ivanova"),
    Who("cur_controller", "petrova"),
    Who("coordinator", regions=("16",)),
    Who("coordinator", regions=("77",)),
    Who("deputy", regions=("16",)),
    Who("deputy", regions=("77",)),
    Who("cluster", clusters=(OWN,)),
    Who("cluster", clusters=(LEAD,)),
    Who("cluster", clusters=(OTHER,)),
    Who("authority_head", regions=("16",)),
    Who("authority_head", regions=("77",)),
    Who("association"),
    Who("operator"),
    Who("secretary"),
    Who("auditor"),
    Who("platform"),
    Who("service"),
)
SAID: Final[dict[str, tuple[dict[str, Any], Any]]] = {
    "delegate": ({"on": DUE}, {"internal_due": DUE.isoformat()}),
    "submit": ({"evidence": [LINK]}, {"text": "Исполнено.", "evidence": [LINK]}),
    "pre_check": ({}, {"text": "Сверено."}),
    "return": ({}, {"reason": "Нет акта."}),
    "withdraw": ({}, {"reason": "Не нужно."}),
    "refuse_extension": ({}, {"reason": "Времени достаточно."}),
    "accept_part": ({"points": [1]}, {"points": [1], "reason": "Остальное потом."}),
    "request_extension": (
        {"on": date(2023, 11, 3)},
        {"wanted": "2023-11-03", "reason": "Поставка."},
    ),
    "grant_extension": ({"on": None}, {}),
    "redate": ({"on": date(2023, 11, 3)}, {"due": "2023-11-03", "reason": "Перенос."}),
}


@dataclass
class Scene:
    """One way, one named controller or none, the coordinator at work or away."""

    way: str
    controller: str | None = None
    away: bool = False

    def model(self, status: str, *, asked: bool) -> Model:
        lead = None
        if self.way == "co":
            lead = replace(Scene("cluster").model("in_progress", asked=False), cluster=LEAD)
        return Model(
            str(uuid4()),
            self.way,
            "16",
            "Europe/Moscow",
            None if self.way == "authority" else OWN,
            status,
            DUE,
            ISSUED,
            datetime(2023, 9, 20, 10, tzinfo=UTC),
            lead=lead,
            points=(1, 2),
            controller=self.controller,
            asked=Asked(date(2023, 11, 3), True, "E") if asked else None,
        )


SCENES: Final = {
    "cluster": Scene("cluster"),
    "cluster, a named controller": Scene("cluster", controller="ivanova"),
    "cluster, the coordinator away": Scene("cluster", away=True),
    "authority": Scene("authority"),
    "co-executor": Scene("co"),
}


async def _store(world: World, scene: Scene, models: list[Model]) -> str:
    """The executions of these models, and an assignment that could take their place."""
    points = [{"number": 1, "text": "…"}, {"number": 2, "text": "…"}]
    successor = make_assignment()
    async with transaction(world.sessions) as session:
        connection = await session.connection()
        await connection.exec_driver_sql(
            "truncate assignments, executions, execution_steps, extensions, outbox, tenures,"
            " absences cascade"
        )
        session.add(successor)
        session.add(
            Tenure(
                appointment_id=uuid4(),
                region="16",
                office="coordinator",
                person_id=uuid4(),
                valid_from=date(2023, 9, 1),
                version=1,
            )
        )
        if scene.away:
            session.add(
                Absence(
                    id=uuid4(),
                    region="16",
                    away_from=date(2023, 10, 1),
                    away_to=date(2023, 10, 31),
                    reason="Отпуск",
                    created_by="coordinator",
                    created_at=NOW,
                )
            )
        for model in models:
            assignment = make_assignment(
                points=points,
                issued_on=ISSUED,
                due=DUE,
                due0=DUE,
                controller=scene.controller,
            )
            session.add(assignment)
            await session.flush()
            known: dict[str, Any] = {"region": "16", "timezone": "Europe/Moscow", "version": 1}
            if model.lead is not None:
                session.add(
                    make_execution(
                        assignment,
                        **known,
                        id=UUID(model.lead.id),
                        cluster_id=UUID(LEAD),
                        status=Status.IN_PROGRESS,
                    )
                )
                await session.flush()
                known |= {
                    "role": ExecutorRole.CO,
                    "lead_id": UUID(model.lead.id),
                    "lead_cluster_id": UUID(LEAD),
                }
            way = Addressee.AUTHORITY if model.way == "authority" else Addressee.CLUSTER
            cluster = UUID(model.cluster) if model.cluster else None
            status = Status(model.status)
            session.add(
                make_execution(
                    assignment,
                    **known,
                    id=UUID(model.id),
                    addressee=way,
                    cluster_id=cluster,
                    status=status,
                )
            )
            await session.flush()
            if model.asked:
                session.add(
                    Extension(
                        id=uuid4(),
                        execution_id=UUID(model.id),
                        status=ExtensionStatus.OPEN,
                        party=domain.Party.ADDRESSEE,
                        asked_by="cluster",
                        asked_at=NOW,
                        due=DUE,
                        wanted=model.asked.wanted,
                        reason="Поставка.",
                        in_time=True,
                    )
                )
    return str(successor.id)


async def _traces(world: World) -> tuple[int, int]:
    async with transaction(world.sessions) as session:
        connection = await session.connection()
        rows = await connection.exec_driver_sql(
            "select (select count(*) from execution_steps), (select count(*) from outbox)"
        )
        return tuple(rows.one())


def _go_through(world: World, scene: Scene, status: str) -> int:
    """Every command by every person in this status; how many requests were made."""
    asked = status in OPEN
    # Whoever may, gets an execution of their own; all who may not share one.
    shared = scene.model(status, asked=asked)
    cases: list[tuple[Model, Who, str, tuple[int, str]]] = []
    for command in COMMANDS:
        said, _ = SAID.get(command, ({}, None))
        for who in PEOPLE:
            # A new request would meet the open one: there it is asked without one.
            fresh = scene.model(status, asked=asked and command != "request_extension")
            wanted = fresh.verdict(who, command, NOW, said, away=scene.away)
            if wanted[0] == 200 or command == "request_extension":
                cases.append((fresh, who, command, wanted))
            else:
                cases.append((shared, who, command, wanted))
    models = list({model.id: model for model, *_ in cases}.values())
    successor = world.runner.run(_store(world, scene, models))
    made = 0
    for model, who, command, wanted in cases:
        _, body = SAID.get(command, ({}, None))
        if command == "supersede":
            body = {"by": successor, "reason": "Уточнено."}
        path = f"/v1/executions/{model.id}/{PATHS.get(command, command)}"
        answer = world.call("POST", path, who, NOW + timedelta(hours=1), body)
        story = f"{scene} {status} {command} by {who}: {answer.text}"
        if wanted[0] == 200:
            made += 1
            assert answer.status_code in (200, 201), story
            said, _ = SAID.get(command, ({}, None))
            model.obey(who, command, NOW + timedelta(hours=1), said)
            assert answer.json()["status"] == model.status, story
            assert answer.json()["version"] == 2, story
        else:
            assert (answer.status_code, answer.json().get("code")) == wanted, story
    assert world.runner.run(_traces(world)) == (made, made), "a refusal left something behind"
    return len(cases)


@pytest.mark.parametrize("scene", SCENES)
def test_only_what_the_specification_allows_is_done(world: World, scene: str) -> None:
    asked = sum(_go_through(world, SCENES[scene], status) for status in (*OPEN, *FINAL))
    assert asked == 10 * len(COMMANDS) * len(PEOPLE)


@contextmanager
def _with_rule(status: Status, command: Command, rule: Rule | None) -> Iterator[None]:
    track = domain.Track.CLUSTER
    rules = dict(domain.RULES[track])
    rules.pop((status, command), None)
    if rule is not None:
        rules[status, command] = rule
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(domain, "RULES", {**domain.RULES, track: rules})
        yield


_P: Final = domain.Party
MUTANTS: Final[dict[str, Callable[[], Any]]] = {
    "the coordinator may return what is forwarded": lambda: _with_rule(
        Status.FORWARDED, Command.RETURN, Rule(Status.RETURNED, (_P.CONTROLLER, _P.COORDINATOR))
    ),
    "a report under review can be redated": lambda: _with_rule(
        Status.FORWARDED, Command.REDATE, Rule(Status.FORWARDED, (_P.CONTROLLER,))
    ),
    "nobody can return": lambda: _with_rule(Status.FORWARDED, Command.RETURN, None),
    "what was accepted can be withdrawn": lambda: _with_rule(
        Status.ACCEPTED, Command.WITHDRAW, Rule(Status.WITHDRAWN, (_P.CONTROLLER,))
    ),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_wrong_table_is_found_out(world: World, mutant: str) -> None:
    status = "accepted" if "was accepted" in mutant else "forwarded"
    with MUTANTS[mutant](), pytest.raises(AssertionError):
        _go_through(world, SCENES["cluster"], status)
