"""Secrets come from the environment or from files, and are shown to nobody."""

import importlib
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from shared.settings import ServiceSettings

DSN = "postgresql://rating:from-the-file@127.0.0.1/rating"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OIDC_ISSUER", "https://id.example.org/realms/programme")
    monkeypatch.setenv("SECRETS_DIR", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    (tmp_path / "database_url").write_text(DSN + "\n")
    (tmp_path / "service_client_secret").write_text("hunter2")
    return tmp_path


def test_a_setting_may_be_a_file(folder: Path) -> None:
    found = ServiceSettings()

    assert found.database_dsn == DSN
    assert found.service_client_secret is not None
    assert found.service_client_secret.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(found)


@pytest.mark.parametrize(
    "command", ["shared.migrations check rating", "shared.audit verify"], ids=str
)
def test_commands_find_it_there_too(
    command: str, folder: Path, databases: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "database_url").write_text(databases["rating"])
    module, *arguments = command.split()
    monkeypatch.setattr(sys, "argv", [module, *arguments])

    codes: list[int] = []
    monkeypatch.setattr(sys, "exit", codes.append)

    importlib.import_module(module).main()
    assert not any(codes)


def test_the_environment_goes_before_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", DSN.replace("file", "environment"))

    assert "from-the-environment" in ServiceSettings().database_dsn


def test_a_folder_that_is_not_there_is_no_empty_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRETS_DIR", str(folder / "nothing"))

    with pytest.raises(ValueError, match="SECRETS_DIR"):
        ServiceSettings()


def test_a_refused_secret_is_not_repeated(folder: Path) -> None:
    (folder / "database_url").write_text("mysql://rating:hunter2@127.0.0.1/rating")

    with pytest.raises(ValidationError) as refused:
        ServiceSettings()
    assert "hunter2" not in str(refused.value)
