"""The OpenAPI documents are a product: valid, complete, and the ones that are checked in."""

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from deploy.documents import documents
from shared.migrations import SERVICES

DOCS = Path(__file__).parents[2] / "docs"
TEXTS = documents()
FOUND = {name: json.loads(text) for name, text in TEXTS.items() if name.endswith(".json")}
OPERATIONS = [
    (service, path, method, operation)
    for service in SERVICES
    for path, item in FOUND[f"openapi/{service}.json"]["paths"].items()
    for method, operation in item.items()
]


@pytest.mark.parametrize("name", TEXTS)
def test_the_checked_in_document_is_what_the_code_says(name: str) -> None:
    stored = (DOCS / name).read_text(encoding="utf-8")
    assert stored == TEXTS[name], "run `make openapi`"


@pytest.mark.parametrize("service", SERVICES)
def test_the_document_is_valid_openapi(service: str) -> None:
    found = FOUND[f"openapi/{service}.json"]
    assert found["openapi"].startswith("3.1")
    validate(found)


@pytest.mark.parametrize("service", SERVICES)
def test_operation_ids_are_unique(service: str) -> None:
    ids = [operation["operationId"] for name, _, _, operation in OPERATIONS if name == service]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("service", SERVICES)
def test_every_schema_has_an_example(service: str) -> None:
    schemas = FOUND[f"openapi/{service}.json"]["components"]["schemas"]
    assert not [name for name, schema in schemas.items() if not schema.get("examples")]


@pytest.mark.parametrize(("service", "path", "method", "operation"), OPERATIONS)
def test_every_operation_is_described_and_declares_its_refusals(
    service: str, path: str, method: str, operation: dict[str, Any]
) -> None:
    assert operation["summary"]
    assert operation["tags"]
    declared = set(operation["responses"])
    assert {"500", "503"} <= declared
    if operation.get("security"):
        assert {"401", "403"} <= declared
    if "{" in path:
        assert {"404", "422"} <= declared
    for status, response in operation["responses"].items():
        if status >= "400":
            assert set(response["content"]) == {"application/problem+json"}, status
