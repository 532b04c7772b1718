"""What an integrator does first: generate a client from the checked-in document and call it."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from shared.migrations import SERVICES

DOCS = Path(__file__).parents[2] / "docs" / "openapi"


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Clients of all four services, generated into a folder that can be imported from."""
    folder = tmp_path_factory.mktemp("clients")
    config = folder / "config.yml"
    # The generator knows no line-wise JSON, event streams, pictures: text to it; tables: files.
    config.write_text(
        "post_hooks: []\n"
        "content_type_overrides:\n"
        "  application/jsonl: text/plain\n"
        "  text/event-stream: text/plain\n"
        "  image/svg+xml: text/plain\n"
        "  text/csv: application/octet-stream\n"
        "  application/vnd.openxmlformats-officedocument.spreadsheetml.sheet:"
        " application/octet-stream\n"
        "  application/vnd.openxmlformats-officedocument.wordprocessingml.document:"
        " application/octet-stream\n"
        "  application/pdf: application/octet-stream\n"
        "  application/vnd.openxmlformats-officedocument.wordprocessingml.document:"
        " application/octet-stream\n"
    )
    for service in SERVICES:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "openapi_python_client", "generate"),
                *("--path", str(DOCS / f"{service}.json"), "--config", str(config)),
                *("--meta", "none", "--output-path", str(folder / f"{service}_client")),
                "--fail-on-warning",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


def _module(name: str) -> ModuleType:
    return importlib.import_module(name)


@pytest.mark.parametrize("service", SERVICES)
def test_a_client_is_generated_without_a_warning_and_imports(clients: Path, service: str) -> None:
    modules = sorted((clients / f"{service}_client" / "api").rglob("*.py"))
    assert len(modules) > 5
    for path in modules:
        parts = path.relative_to(clients).with_suffix("").parts
        _module(".".join(part for part in parts if part != "__init__"))


def test_names_of_operations_are_the_verbs_of_the_specification(clients: Path) -> None:
    found = {path.stem for path in (clients / "assignments_client/api/executions").glob("*.py")}
    commands = ("acknowledge", "start", "submit", "return", "forward", "accept", "withdraw")
    assert {f"{command}_execution" for command in commands} <= found
