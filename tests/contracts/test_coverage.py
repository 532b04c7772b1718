"""Every statement of the source is on docs/coverage.md, with a request and a test that exist."""

import ast
import importlib
import re

import pytest

from tests.coverage import ROOT, Request, Statement, statements

STATEMENTS = statements()


def test_all_twenty_six_are_there_in_order() -> None:
    assert [one.number for one in STATEMENTS] == list(range(1, 27))


@pytest.mark.parametrize("one", STATEMENTS, ids=lambda one: str(one.number))
def test_its_requests_are_offered(one: Statement) -> None:
    assert one.requests
    for request in one.requests:
        assert _offers(request), request


def _offers(request: Request) -> bool:
    app = importlib.import_module(f"services.{request.service}.main").app
    for path, operations in app.openapi()["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))
        if re.fullmatch(pattern, request.path) and request.method.lower() in operations:
            return True
    return False


@pytest.mark.parametrize("one", STATEMENTS, ids=lambda one: str(one.number))
def test_its_test_exists(one: Statement) -> None:
    path, _, name = one.test.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    named = {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert name in named
