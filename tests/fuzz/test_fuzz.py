"""Schemathesis in small: every operation as an administrator and as one other role, and chains.

`make fuzz` is the same at length: every role, hundreds of requests to each operation.
"""

import asyncio
import zlib
from collections.abc import Iterator

import pytest

from deploy.local import postgres as local_postgres
from shared.auth import Role
from shared.migrations import SERVICES
from tests.fuzz.prepared import Prepared, prepare
from tests.fuzz.runs import Found, follow, fuzz
from tests.fuzz.served import Served

pytestmark = pytest.mark.timeout(600)
OTHERS = sorted(set(Role) - {Role.CUR_ADMIN})
EXAMPLES = 2


@pytest.fixture(scope="module")
def prepared(
    server: local_postgres.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prepared]:
    with asyncio.Runner() as runner:
        yield runner.run(prepare(server, tmp_path_factory.mktemp("store")))


def another(operation_id: str) -> str:
    """Some other role, always the same for an operation: over all of them, every role asks."""
    return OTHERS[zlib.crc32(operation_id.encode()) % len(OTHERS)]


def assert_as_declared(found: Found, *, operations: int) -> None:
    """Nothing is wrong, and it is not because nothing was asked."""
    assert not found.errors
    assert not found.failures, "\n\n".join(f"{kind}\n{how}" for kind, how in found.failures.items())
    assert len(found.sent) == operations


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_answers_as_declared_to_the_administrator(
    prepared: Prepared, service: str
) -> None:
    found = fuzz(prepared, service, lambda _: Role.CUR_ADMIN, examples=EXAMPLES, phases=["fuzzing"])

    assert_as_declared(found, operations=_operations(prepared, service))
    # Real ids are in the requests: they get past «not found».
    assert len(+found.passed) > len(found.sent) / 4
    assert found.checks["response_schema_conformance"] == found.checks["ignored_auth"] > 0


@pytest.mark.parametrize("service", SERVICES)
def test_every_operation_answers_as_declared_to_another_role(
    prepared: Prepared, service: str
) -> None:
    found = fuzz(prepared, service, another, examples=1, phases=["fuzzing"])

    assert_as_declared(found, operations=_operations(prepared, service))


def test_what_is_made_is_there_and_what_is_deleted_is_not(prepared: Prepared) -> None:
    found = follow(prepared, "assignments", Role.CUR_ADMIN, scenarios=4)

    assert not found.errors
    assert not found.failures
    assert found.sent.total() > 4


def test_an_answer_that_is_not_declared_is_found(prepared: Prepared) -> None:
    served = prepared.served["directory"]
    honest = served.app.openapi()["paths"]["/v1/regions"]["get"]["responses"]
    declared = honest.pop("200")

    def regions(operation_id: str) -> str | None:
        return Role.CUR_ADMIN if operation_id == "list_regions" else None

    try:
        found = fuzz(prepared, "directory", regions, examples=3, phases=["fuzzing"])
    finally:
        honest["200"] = declared

    assert any("status_code_conformance" in kind for kind in found.failures)


def _operations(prepared: Prepared, service: str) -> int:
    served: Served = prepared.served[service]
    return sum(len(item) for item in served.app.openapi()["paths"].values())
