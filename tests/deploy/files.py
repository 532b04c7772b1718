"""Reads the files of the deployment as plain data, and an environment as the processes would."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from pydantic_settings import BaseSettings
from ruamel.yaml import YAML

from shared.migrations import SERVICES

ROOT: Final = Path(__file__).resolve().parents[2]
API_PORTS: Final = dict(zip(SERVICES, range(8001, 8005), strict=True))
WORKER_PORTS: Final = dict(zip(SERVICES, range(8011, 8015), strict=True))

S = TypeVar("S", bound=BaseSettings)
# obstore reads these itself, as every S3 client does.
OF_THE_OBJECT_STORE: Final = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT"}
_VARIABLE: Final = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<rule>:[?-])(?P<default>[^}]*)\}")


def documents(path: str) -> list[Any]:
    """The YAML documents of a file, anchors and merges resolved."""
    return list(YAML(typ="safe", pure=True).load_all((ROOT / path).read_text()))


def compose() -> dict[str, Any]:
    """The compose services by name."""
    services: dict[str, Any] = documents("docker-compose.yml")[0]["services"]
    return services


def variables() -> dict[str, set[str]]:
    """Variables the compose file asks for, by rule: `:?` demanded, `:-` with a default."""
    found: dict[str, set[str]] = {":?": set(), ":-": set()}
    for match in _VARIABLE.finditer((ROOT / "docker-compose.yml").read_text()):
        found[match["rule"]].add(match["name"])
    return found


def passed_on() -> set[str]:
    """Variables the compose file hands on as they are, where they are set at all."""
    return {
        name
        for service in compose().values()
        for name, value in service.get("environment", {}).items()
        if value is None
    }


def explained() -> set[str]:
    """The variables in the first column of the guide's table, and those of others it names."""
    guide = (ROOT / "docs/production.md").read_text(encoding="utf-8")
    table = guide.split("\n## Переменные\n")[1].split("\n## ")[0]
    first = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")]
    named = {name for name in OF_THE_OBJECT_STORE if f"`{name}`" in table}
    return named | set(re.findall(r"`([A-Z_]+)`", "\n".join(first)))


def interpolated(text: str) -> str:
    """What compose makes of a value where a demanded variable has some value."""
    return _VARIABLE.sub(
        lambda match: given(match["name"]) if match["rule"] == ":?" else match["default"], text
    )


def given(name: str) -> str:
    """Some value for the variable: keys are long."""
    return "given" * 8 if name.endswith("_KEYS") else "given"


def read_by(
    settings: type[S], environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> S:
    """The settings a process with this environment would start with."""
    for name in settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return settings()


def names_of(*settings: type[BaseSettings]) -> set[str]:
    """The environment variables these settings read."""
    return {name.upper() for kind in settings for name in kind.model_fields}


def by_kind(manifests: Iterable[Any], *kinds: str) -> list[Any]:
    """The Kubernetes objects of these kinds."""
    return [manifest for manifest in manifests if manifest["kind"] in kinds]
