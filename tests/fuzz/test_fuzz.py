"""Schemathesis in small: every operation as the administrator and one other role, and chains.

`make fuzz` is the same at length: every role, hundreds of requests to each operation.
"""

import asyncio
import zlib
from collections.abc import Iterator

import pytest
from schemathesis.python.asgi import shutdown_lifespans

from deploy.local import postgres as local_postgres
from shared.auth import Role
from shared.migrations import SERVICES
from tests.fuzz.jobs import line
from tests.fuzz.prepared import Prepared, prepare
from tests.fuzz.runs import REFUSED, follow, fuzz

pytestmark = pytest.mark.timeout(600)
OTHERS = sorted(set(Role) - {Role.CUR_ADMIN})
EXAMPLES = 2


@pytest.fixture(scope="module")
def prepared(
    server: local_postgres.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prepared]:
    with asyncio.Runner() as runner:
        yield runner.run(prepare(server, tmp_path_factory.mktemp("store")))
    shutdown_lifespans()


def by_turns(operation_id: str) -> list[str]:
    """The administrator and one other role, always the same for an operation; all have a turn."""
    other = OTHERS[zlib.crc32(operation_id.encode()) % len(OTHERS)]
    return [Role.CUR_ADMIN, Role.CUR_ADMIN, other]


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_answers_as_it_declares(prepared: Prepared, service: str) -> None:
    found = fuzz(prepared, service, by_turns, examples=EXAMPLES, phases=["fuzzing"])

    assert not found.errors
    assert not found.failures, "\n\n".join(f"{kind}\n{how}" for kind, how in found.failures.items())
    # It is not because nothing was asked, or nothing was there.
    paths = prepared.served[service].app.openapi()["paths"]
    assert len(found.sent) == sum(len(item) for item in paths.values())
    assert len(+found.passed) > len(found.sent) / 4
    assert found.checks["response_schema_conformance"] == found.checks["ignored_auth"] > 0


def test_what_is_made_is_there_and_what_is_deleted_is_not(prepared: Prepared) -> None:
    found = follow(prepared, "assignments", Role.CUR_ADMIN, scenarios=4)

    assert not found.errors
    assert not found.failures
    assert found.sent.total() > 4


def test_a_result_of_other_code_says_so() -> None:
    told = {
        "service": "rating",
        "role": "auditor",
        "commit": "abc1234",
        "seconds": 1,
        "operations": 2,
        "refused": 3,
        "requests": 4,
        "fewer": {},
        "failures": {},
        "errors": [],
    }

    assert line(told, "abc1234").endswith("нарушений 0, коммит abc1234")
    assert line(told, "abc1234+").endswith("коммит abc1234 — не abc1234+")


def test_an_answer_that_is_not_declared_is_found(prepared: Prepared) -> None:
    served = prepared.served["directory"]
    honest = served.app.openapi()["paths"]["/v1/regions"]["get"]["responses"]
    declared = honest.pop("200")

    def regions(operation_id: str) -> list[str]:
        return [Role.CUR_ADMIN] if operation_id == "list_regions" else []

    try:
        found = fuzz(prepared, "directory", regions, examples=3, phases=["fuzzing"])
    finally:
        honest["200"] = declared

    assert any("status_code_conformance" in kind for kind in found.failures)


def test_what_a_role_may_not_call_is_tried_a_few_times_and_refused(prepared: Prepared) -> None:
    def roles_of(operation_id: str) -> list[str]:
        return [Role.AUDITOR] if operation_id == "create_cluster" else []

    found = fuzz(prepared, "directory", roles_of, examples=3 * REFUSED)

    assert found.refused == {"POST /v1/clusters"}
    assert 0 < found.sent.total() <= REFUSED
    assert {status for _, status in found.statuses} <= {400, 403}
    assert not found.failures
