"""The service under test is the operation's, or the one a test names; files have a store."""

from pathlib import Path

import pytest

from shared.settings import ServiceSettings
from tests.conftest import settings_for


@pytest.fixture
def service(request: pytest.FixtureRequest) -> str:
    """Of the test's parameter `operation`, or the parameter `service` itself."""
    return str(getattr(request, "param", None) or request.getfixturevalue("operation").service)


@pytest.fixture
def settings(
    databases: dict[str, str], service: str, tmp_path_factory: pytest.TempPathFactory
) -> ServiceSettings:
    return settings_for(databases[service], object_store_url=_store(tmp_path_factory).as_uri())


def _store(folders: pytest.TempPathFactory) -> Path:
    return folders.getbasetemp() / "files"
