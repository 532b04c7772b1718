"""Schemathesis over one service: the configuration, the run, and what it found."""

import copy
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import schemathesis
from schemathesis import AuthContext, Case, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder

from shared.permissions import Permission
from tests.conftest import Headers
from tests.fuzz import bugs
from tests.fuzz.likely import enrich
from tests.fuzz.pool import draw
from tests.fuzz.prepared import Prepared
from tests.fuzz.rules import is_by_design
from tests.fuzz.served import Served

PHASES: Final = ("examples", "coverage", "fuzzing", "stateful")
# Of what a role may not call there is little to learn: each answer is the same 403.
REFUSED: Final = 10
# An operation's id → the roles it is asked as, by turns; none of them leaves the operation out.
RolesOf = Callable[[str], Sequence[str]]


@dataclass
class Found:
    """What was sent, what came back, and what was wrong: the first case of each kind.

    `refused`: operations that are open to none of the roles they were asked as.
    """

    refused: set[str] = field(default_factory=set)
    sent: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    checks: Counter[str] = field(default_factory=Counter)
    failures: dict[str, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def add(self, other: "Found") -> None:
        """Put what another run found to this."""
        self.refused |= other.refused
        self.sent += other.sent
        self.passed += other.passed
        self.statuses += other.statuses
        self.checks += other.checks
        self.failures |= other.failures
        self.errors += other.errors


def document_of(served: Served) -> dict[str, Any]:
    """The service's OpenAPI document, its tokens said in a way the checks of Schemathesis know.

    They take away and falsify credentials of schemes `http` and `apiKey`, not of `oauth2`: on the
    wire ours is a bearer token. Files get a name, for without one none is taken.
    """
    document: dict[str, Any] = copy.deepcopy(served.app.openapi())
    schemes = document["components"]["securitySchemes"]
    schemes["oauth2"] = {"type": "http", "scheme": "bearer"}
    named = {"headers": {"Content-Disposition": {"example": 'form-data; filename="list.csv"'}}}
    for item in document["paths"].values():
        for operation in item.values():
            body = operation.get("requestBody", {}).get("content", {})
            if "multipart/form-data" in body:
                body["multipart/form-data"]["encoding"] = {"file": named}
    return document


def fuzz(
    prepared: Prepared,
    service: str,
    roles_of: RolesOf,
    *,
    examples: int,
    phases: Sequence[str] = ("examples", "coverage", "fuzzing"),
    plainly: Callable[[str], bool] = lambda _: False,
    seed: int = 2023,
) -> Found:
    """Send up to `examples` made-up requests to each operation, valid ones and invalid ones.

    To them come those of the other phases: the document's examples, and boundaries of its schemas;
    `plainly` says by an operation's id that it goes without. An operation that is open to none of
    its roles gets at most `REFUSED`, and must refuse each.
    """
    served, pool = prepared.served[service], prepared.pools[service]
    document = document_of(served)
    found = Found()
    refused, plain = [], []
    for path, item in document["paths"].items():
        for method, operation in list(item.items()):
            roles = roles_of(operation["operationId"])
            permission: Permission = served.app.state.permissions[operation["operationId"]]
            if not roles:
                del item[method]
            elif not permission.is_public and permission.reach.keys().isdisjoint(roles):
                refused.append(operation["operationId"])
                found.refused.add(f"{method.upper()} {path}")
            elif plainly(operation["operationId"]):
                plain.append(operation["operationId"])
    configuration = _configuration(examples, phases, seed, refused, plain)
    schema = schemathesis.openapi.from_dict(document, config=configuration)
    schema.app = served

    @schema.auth(refresh_interval=None)
    class Turns:
        """Whose turn it is: a function of the case."""

        def get(self, case: Case[Any], context: AuthContext) -> Headers:
            roles = roles_of(case.operation.definition.raw["operationId"])
            seed = [case.path_parameters, case.query, repr(case.body)]
            return prepared.headers(draw(list(roles), seed) or roles[0])

        def set(self, case: Case[Any], headers: Headers, context: AuthContext) -> None:
            case.headers.update(headers)

    @schemathesis.hook
    def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
        enrich(case, pool)

    @schemathesis.hook
    def filter_failure(
        context: HookContext, failure: Failure, case: Case[Any], response: Response
    ) -> bool:
        return not is_by_design(failure, case, response)

    with _unhooked(before_call, filter_failure):
        for event in from_schema(schema).execute():
            _note(event, found)
    return found


def follow(
    prepared: Prepared, service: str, role: str, *, scenarios: int, seed: int = 2023
) -> Found:
    """Chains of requests, each with what the one before answered, building on one another.

    What has been made must be there, and what has been deleted must not. All is undone in the end.
    """
    served = prepared.served[service]
    served.keeps = True
    try:
        return fuzz(
            prepared,
            service,
            lambda _: [role],
            examples=scenarios,
            phases=["stateful"],
            seed=seed,
        )
    finally:
        served.keeps = False


def _configuration(
    examples: int, phases: Sequence[str], seed: int, refused: Sequence[str], plain: Sequence[str]
) -> schemathesis.Config:
    """Every check is on; `rules` says which single findings are none."""
    operations: list[dict[str, Any]] = [
        # A stream never ends: its first event is enough, and there may be none to tell.
        {"include-path-regex": "/stream$", "request-timeout": 1}
    ]
    only = {"phases": {name: {"enabled": name == "fuzzing"} for name in PHASES if name in phases}}
    if plain:
        operations.append({"include-operation-id": plain, **only})
    if refused:
        generation = {"max-examples": min(examples, REFUSED)}
        operations.append({"include-operation-id": refused, "generation": generation, **only})
    config = schemathesis.Config.from_dict(
        {
            "workers": 1,
            "continue-on-failure": True,
            "request-timeout": 60,
            "max-stream-events": 1,
            "operations": operations,
            "generation": {
                "mode": "all",
                "max-examples": examples,
                "deterministic": True,
                "no-shrink": True,
                "database": "none",
                # Tokens are ours; what is done without them, or with others, a check asks itself.
                "with-security-parameters": False,
            },
            "phases": {name: _phase(name, phases) for name in PHASES},
            "suppress-health-check": ["all"],
        }
    )
    config.update(seed=seed, max_failures=None)
    return config


def _phase(name: str, phases: Sequence[str]) -> dict[str, Any]:
    """Values out of answers are only for requests that build on one another.

    Elsewhere a request is undone, and what its answer named is not there any more; what is there,
    the pool knows.
    """
    told: dict[str, Any] = {"enabled": name in phases}
    return told if name == "stateful" else told | {"extra-data-sources": {"responses": False}}


@contextmanager
def _unhooked(*hooks: Callable[..., Any]) -> Iterator[None]:
    try:
        yield
    finally:
        for hook in hooks:
            schemathesis.hooks.unregister(hook)


def _note(event: events.EngineEvent, found: Found) -> None:
    if isinstance(event, events.FatalError):
        raise event.exception
    if isinstance(event, events.NonFatalError):
        found.errors.append(f"{event.label}: {event.info.title}: {event.info.message}")
    if isinstance(event, events.ScenarioFinished):
        _read(event.recorder, found)


def _read(recorder: ScenarioRecorder, found: Found) -> None:
    for case_id, interaction in recorder.interactions.items():
        response = interaction.response
        if response is None:
            continue
        label = recorder.cases[case_id].value.operation.label
        found.sent[label] += 1
        found.statuses[label, response.status_code] += 1
        found.passed[label] += response.status_code < 400
        if label in found.refused and response.status_code < 400:
            kind = f"{label} | refused to the role | {response.status_code}"
            found.failures.setdefault(kind, response.text[:2000])
        for check in recorder.checks.get(case_id, ()):
            found.checks[check.name] += 1
            if check.failure_info is not None:
                failure = check.failure_info.failure
                kind = " | ".join(
                    [label, check.name, str(response.status_code), failure.title, _why(response)]
                )
                told = [
                    check.failure_info.code_sample,
                    failure.message,
                    response.text[:2000],
                    bugs.behind(response),
                ]
                found.failures.setdefault(kind, "\n".join(told)[:6000])


def _why(response: Response) -> str:
    """What the problem says was wrong, in short: findings alike are one finding."""
    try:
        said = json.loads(response.text)
    except ValueError:
        return ""
    if not isinstance(said, dict):
        return ""
    errors = said.get("errors") or []
    return ", ".join(f"{one['field']} {one['code']}" for one in errors[:3]) or str(said.get("code"))
