"""Random commands by random people at random times: the API and an independent model agree.

The model is `world.py`, written from the specification. Every step compares every field.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from services.assignments.domain import executions as domain
from services.assignments.domain import extensions as asking
from services.assignments.domain.executions import Addressee, Command, ExecutorRole, Status
from services.assignments.service import changes, decisions, effects, overdue
from shared.db import transaction
from tests.assignments.real import LINK, PATHS, World
from tests.assignments.world import COMMANDS, MAY, MOVES, Model, Who, worked_before
from tests.conftest import NOW
from tests.factories import make_assignment, make_execution

ISSUED: Final = date(2023, 10, 2)
DUE: Final = date(2023, 10, 20)
POINTS: Final = (1, 2, 3)
# Endings are rare, or nothing would ever get far.
WEIGHTS: Final = {
    **dict.fromkeys(("acknowledge", "start", "submit", "forward", "accept_part", "return"), 12),
    **dict.fromkeys(("request_extension", "grant_extension"), 8),
    **dict.fromkeys(("withdraw", "supersede", "accept"), 1),
}


AUDITOR: Final = Who("auditor")


class Executions(RuleBasedStateMachine):
    """Four executions of one assignment, on three ways, in two zones twelve hours apart."""

    world: World

    @initialize(seed=st.integers(0, 2**64))
    def issue(self, seed: int) -> None:
        self.now = NOW
        # Hypothesis likes small numbers; the steps of one example must differ all the same.
        self.dice = Random(seed)
        assignment = make_assignment(
            issued_on=ISSUED,
            due0=DUE,
            due=DUE,
            points=[{"number": number, "text": "…"} for number in POINTS],
        )
        successor = make_assignment()
        self.assignment_id, self.successor = str(assignment.id), str(successor.id)
        east, west = str(uuid4()), str(uuid4())
        lead = self._model("cluster", "41", "Asia/Kamchatka", east)
        self.models = [
            lead,
            self._model("cluster", "39", "Europe/Kaliningrad", west),
            self._model("authority", "39", "Europe/Kaliningrad", None),
            replace(self._model("co", "39", "Europe/Kaliningrad", west), lead=lead),
        ]
        self.people = [
            Who("cur_admin"),
            Who("cur_controller", "ivanova"),
            Who("coordinator", regions=("41",)),
            Who("coordinator", regions=("39",)),
            Who("deputy", regions=("39",)),
            Who("cluster", clusters=(east,)),
            Who("cluster", clusters=(west,)),
            Who("authority_head", regions=("39",)),
            Who("authority_head", regions=("41",)),
            AUDITOR,
        ]
        rows = [
            make_execution(
                assignment,
                id=UUID(model.id),
                role=ExecutorRole.CO if model.lead else ExecutorRole.LEAD,
                lead_id=UUID(model.lead.id) if model.lead else None,
                lead_cluster_id=model.lead.cluster if model.lead else None,
                addressee=Addressee(model.way) if model.way != "co" else Addressee.CLUSTER,
                cluster_id=UUID(model.cluster) if model.cluster else None,
                region=model.region,
                timezone=model.zone,
                status=Status(model.status),
                version=1,
            )
            for model in self.models
        ]

        async def store() -> None:
            async with transaction(self.world.sessions) as session:
                session.add_all([assignment, successor])
                await session.flush()
                session.add_all(rows[:3])
                await session.flush()
                session.add(rows[3])

        self.world.runner.run(store())

    def _model(self, way: str, region: str, zone: str, cluster: str | None) -> Model:
        status = "issued" if way == "authority" else "routed"
        at = datetime(2023, 9, 20, 10, tzinfo=UTC)
        return Model(
            str(uuid4()), way, region, zone, cluster, status, DUE, ISSUED, at, points=POINTS
        )

    @rule(who=st.integers(0, 9), which=st.integers(0, 3), command=st.sampled_from(COMMANDS))
    def anyone_tries_anything(self, who: int, which: int, command: str) -> None:
        self._try(self.people[who], self.models[which], command, self.dice.randrange(10_000))

    @rule()
    def someone_does_what_may_be_done(self) -> None:
        self._sensible()

    @rule(command=st.sampled_from(COMMANDS))
    def the_right_person_at_any_time(self, command: str) -> None:
        model = self.dice.choice(self.models)
        by = {party for key, (whose, _) in MOVES.items() if key[2] == command for party in whose}
        able = [
            who
            for who in self.people
            if who.role in MAY[command] and model.stands(who, away=True) & by
        ]
        if able:
            self._try(self.dice.choice(able), model, command, self.dice.randrange(10_000))

    @rule()
    def work_goes_on(self) -> None:
        for _ in range(self.dice.randrange(1, 6)):
            self._sensible()
            self.now += timedelta(minutes=self.dice.choice((0, 1, 60, 1440, 2880, 5760)))
            if self.dice.random() < 0.3:
                self.due_days_end()

    def _sensible(self) -> None:
        """One of the moves someone may make, those that carry the work on before others."""
        dice = self.dice
        model = dice.choice(self.models)
        moves = [
            (who, command)
            for command in COMMANDS
            if (model.way, model.status, command) in MOVES
            for who in self.people
            if who.role in MAY[command]
            and model.stands(who, away=True) & set(MOVES[model.way, model.status, command][0])
        ]
        if moves:
            weights = [WEIGHTS.get(command, 2) for _, command in moves]
            [(who, command)] = dice.choices(moves, weights)
            self._try(who, model, command, dice.randrange(10_000))

    @rule(minutes=st.sampled_from((1, 20, 90, 360, 720, 1440, 2880, 5 * 1440)))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.world.steps += 1

    def due_days_end(self) -> None:
        async def sweep() -> None:
            async with transaction(self.world.sessions) as session:
                await overdue.expire(session, now=self.now, after=None)

        self.world.runner.run(sweep())
        for model in self.models:
            if model.expires(self.now):
                model.told_due = model.due
                model.becomes(model.status, self.now)
        self._compare("due days end")

    def _try(self, who: Who, model: Model, command: str, said: int) -> None:
        words, body = self._body(model, command, said)
        now = self.now
        # No tenure is known in this world: the office is vacant, so the deputy acts.
        wanted = model.verdict(who, command, now, words, away=True)
        path = f"/v1/executions/{model.id}/{PATHS.get(command, command)}"
        answer = self.world.call("POST", path, who, now, body)
        story = f"{who.role} {command} {model.way} {model.status} {words} at {now}: {answer.text}"
        if wanted[0] == 200:
            assert answer.status_code in (200, 201), story
            model.obey(who, command, now, words)
            if model.status in ("accepted", "withdrawn", "superseded") and model.lead is None:
                for other in self.models:
                    if other.lead is model and other.status not in domain.FINAL:
                        other.becomes("withdrawn", now)
        else:
            assert (answer.status_code, answer.json()["code"]) == wanted, story
            if wanted[0] == 409:
                current = {"state": model.status, "version": model.version}
                assert answer.json()["current"] == current, story
        self._compare(story)

    def _body(self, model: Model, command: str, said: int) -> tuple[dict[str, Any], Any]:
        """What is said, for the model and for the wire."""
        reason = {"reason": "Потому что."}
        today = model.today(self.now)
        on = today + timedelta(days=said % 31 - 3)
        match command:
            case "submit":
                evidence = [] if said % 9 == 0 else [LINK]
                return {"evidence": evidence}, {"text": "Исполнено.", "evidence": evidence}
            case "pre_check":
                return {}, {"text": "Сверено."}
            case "delegate":
                return {"on": on}, {"internal_due": on.isoformat()}
            case "accept_part":
                points = [1 + said % 4, 1 + said // 4 % 4]
                return {"points": points}, {"points": points, **reason}
            case "request_extension":
                return {"on": on}, {"wanted": on.isoformat(), **reason}
            case "grant_extension":
                given = on if said % 3 == 0 else None
                return {"on": given}, {"due": given.isoformat() if given else None}
            case "redate":
                return {"on": on}, {"due": on.isoformat(), **reason}
            case "supersede":
                return {}, {"by": self.successor, **reason}
            case "return" | "withdraw" | "refuse_extension":
                return {}, reason
            case _:
                return {}, None

    def _compare(self, story: str) -> None:
        self.world.steps += 1
        path = f"/v1/executions?assignment_id={self.assignment_id}"
        found = self.world.call("GET", path, AUDITOR, self.now).json()["items"]
        shown = {row["id"]: row for row in found}
        for model in self.models:
            expected = model.shown()
            assert {name: shown[model.id][name] for name in expected} == expected, story

    def teardown(self) -> None:
        if not hasattr(self, "models"):
            return

        async def told() -> list[tuple[str, dict[str, Any]]]:
            async with transaction(self.world.sessions) as session:
                connection = await session.connection()
                rows = await connection.exec_driver_sql(
                    "select key, data from outbox where topic = 'assignments.executions'"
                    " order by position"
                )
                found = [(row.key, json.loads(row.data)) for row in rows]
                await connection.exec_driver_sql(
                    "truncate assignments, executions, execution_steps, extensions, outbox cascade"
                )
                return found

        events = self.world.runner.run(told())
        for model in self.models:
            mine = [data for key, data in events if key == model.id]
            assert [data["version"] for data in mine] == list(range(2, model.version + 1))
            for data, expected in zip(mine, model.told, strict=True):
                assert {name: data[name] for name in expected} == expected


def _play(world: World, examples: int, steps: int) -> None:
    machine = type("Played", (Executions,), {"world": world})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=True,
            database=None,
            deadline=None,
            # The story of the first difference says enough; shrinking it takes minutes.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        ),
    )


@pytest.mark.timeout(300)
def test_the_api_and_the_model_never_differ(world: World) -> None:
    world.steps = 0
    _play(world, examples=30, steps=50)
    assert world.steps >= 1000


@contextmanager
def _effect(change: Callable[[Any, Any], None]) -> Iterator[None]:
    """The real effect of a command, followed by what the mutant does to the row."""
    honest = effects.take_effect

    def spoilt(execution: Any, order: Any, *rest: Any, **more: Any) -> None:
        honest(execution, order, *rest, **more)
        change(execution, order)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes, "take_effect", spoilt)
        yield


@contextmanager
def _patched(module: Any, name: str, value: Any) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, value)
        yield


def _forget_return(execution: Any, order: Any) -> None:
    if order.command is Command.RETURN and execution.returns:
        execution.returns -= 1


def _count_part(execution: Any, order: Any) -> None:
    if order.command is Command.ACCEPT_PART:
        execution.returns += 1


def _keep_hand_in(execution: Any, order: Any) -> None:
    if order.command is Command.ACCEPT_PART:
        execution.done = execution.returned_on


def _count_redating(execution: Any, order: Any) -> None:
    if order.command is Command.REDATE:
        execution.extensions += 1


MUTANTS: Final[dict[str, Callable[[], Any]]] = {
    "a return is not counted": lambda: _effect(_forget_return),
    "a partial acceptance counts as a return": lambda: _effect(_count_part),
    "a partial acceptance leaves the hand-in": lambda: _effect(_keep_hand_in),
    "a redating counts as an extension": lambda: _effect(_count_redating),
    "a late request moves the due date": lambda: _patched(
        asking, "asked_in_time", lambda *_, **__: True
    ),
    "the days of the rework are forgotten": lambda: _patched(
        overdue, "effective_due", lambda due, *_: due
    ),
    "weekends do not matter": lambda: _patched(decisions, "_working", lambda day, *_: day),
}


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_broken_machine_is_found_out(world: World, mutant: str) -> None:
    with MUTANTS[mutant](), pytest.raises(AssertionError):
        _play(world, examples=100, steps=50)


def test_the_models_own_calendar_is_the_official_one() -> None:
    assert worked_before(date(2023, 11, 6)) == date(2023, 11, 3)
    assert worked_before(date(2024, 1, 8)) == date(2023, 12, 29)
