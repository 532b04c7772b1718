"""`docker compose up`: what can be known of it without Docker."""

import importlib
import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest
from prometheus_client import Counter, Gauge, Histogram
from pydantic_settings import BaseSettings

from shared import observability
from shared.migrations import SERVICES
from shared.settings import Environment, ServiceSettings
from shared.topics import TopicSettings
from tests.deploy.files import (
    API_PORTS,
    OF_THE_OBJECT_STORE,
    ROOT,
    WORKER_PORTS,
    compose,
    documents,
    explained,
    interpolated,
    names_of,
    passed_on,
    read_by,
    variables,
)

COMPOSE: Final = compose()
ALL: Final = sorted(COMPOSE)
OURS: Final = sorted(
    f"{service}-{process}" for service in SERVICES for process in ("api", "worker")
)


def validate(path: Path) -> subprocess.CompletedProcess[str]:
    schema = ["--builtin-schema", "vendor.compose-spec"]
    command = [sys.executable, "-m", "check_jsonschema", *schema, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def settings_of(service: str) -> list[type[BaseSettings]]:
    """The shared settings, and the service's own where it has any."""
    name = f"services.{service}.settings"
    if find_spec(name) is None:
        return [ServiceSettings]
    own = vars(importlib.import_module(name)).values()
    return [kind for kind in own if isinstance(kind, type) and issubclass(kind, BaseSettings)]


def service_of(process: str) -> str:
    return process.rpartition("-")[0]


def environment_of(name: str) -> dict[str, str]:
    environment = COMPOSE[name]["environment"]
    return {key: interpolated(value) for key, value in environment.items() if value is not None}


def test_the_file_is_what_compose_accepts() -> None:
    assert validate(ROOT / "docker-compose.yml").returncode == 0


def test_the_schema_would_tell_a_wrong_file(tmp_path: Path) -> None:
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text("services: {api: {image: a:1, heathcheck: {}}}")

    assert validate(wrong).returncode != 0


@pytest.mark.parametrize("name", ALL)
def test_an_image_is_pinned(name: str) -> None:
    image = interpolated(COMPOSE[name]["image"])

    _, colon, tag = image.rpartition(":")
    assert colon, image
    assert re.match(r"v?\d", tag), image
    assert ("build" in COMPOSE[name]) == image.startswith("professionalitet:")


@pytest.mark.parametrize("name", ALL)
def test_a_service_is_watched_or_ends_by_itself(name: str) -> None:
    service = COMPOSE[name]
    waited_for = {
        needed
        for other in COMPOSE.values()
        for needed, how in other.get("depends_on", {}).items()
        if how["condition"] == "service_completed_successfully"
    }

    if name in waited_for:
        assert service["restart"].startswith("on-failure:")
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", ALL)
def test_what_is_waited_for_exists_and_can_be_waited_for(name: str) -> None:
    for needed, how in COMPOSE[name].get("depends_on", {}).items():
        if how["condition"] == "service_healthy":
            assert "healthcheck" in COMPOSE[needed]


def test_the_profiles_leave_the_core_always_on() -> None:
    profiles = {
        name: service["profiles"] for name, service in COMPOSE.items() if "profiles" in service
    }

    assert profiles == {
        "prometheus": ["observability"],
        "grafana": ["observability"],
        "mailpit": ["mail"],
    }


@pytest.mark.parametrize("name", OURS)
def test_a_process_is_given_only_what_it_reads(name: str) -> None:
    read = names_of(*settings_of(service_of(name))) | OF_THE_OBJECT_STORE
    assert set(COMPOSE[name]["environment"]) <= read


def test_every_setting_of_the_guide_can_be_given() -> None:
    given = {variable for name in [*OURS, "topics"] for variable in COMPOSE[name]["environment"]}
    # A machine has one worker of each, and a folder of secrets where somebody mounts one.
    needless = {"WORKER_INDEX", "WORKER_COUNT", "SECRETS_DIR"}

    assert explained() - needless <= given


@pytest.mark.parametrize("name", OURS)
def test_a_process_would_start_with_its_environment(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = service_of(name)

    settings = read_by(ServiceSettings, environment_of(name), monkeypatch)

    assert settings.environment is Environment.PRODUCTION
    assert settings.database_dsn == f"postgresql://{service}:given@postgres:5432/{service}"
    assert settings.service_client_id == f"service-{service}"
    assert settings.worker_port == WORKER_PORTS[service]
    assert str(settings.oidc_token_url).startswith(str(settings.oidc_issuer))
    for sister, port in API_PORTS.items():
        assert settings.url_of(sister) == f"http://{sister}-api:{port}"


@pytest.mark.parametrize("service", SERVICES)
def test_ports_are_the_agreed_ones(service: str) -> None:
    api, worker = COMPOSE[f"{service}-api"], COMPOSE[f"{service}-worker"]
    port, worker_port = API_PORTS[service], WORKER_PORTS[service]

    assert api["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert api["command"][api["command"].index("--port") + 1] == str(port)
    assert f"services.{service}.main:app" in api["command"]
    assert "--no-server-header" in api["command"]
    assert f"http://127.0.0.1:{port}/readyz" in api["healthcheck"]["test"][-1]
    assert "ports" not in worker
    assert worker["command"] == ["python", "-m", f"services.{service}.main"]
    assert f"http://127.0.0.1:{worker_port}/readyz" in worker["healthcheck"]["test"][-1]


def test_the_parts_listen_where_the_embedded_ones_do() -> None:
    published = {
        name: COMPOSE[name]["ports"] for name in ("postgres", "kafka", "keycloak", "mailpit")
    }

    assert published == {
        "postgres": ["127.0.0.1:15432:5432"],
        "kafka": ["127.0.0.1:19092:19092"],
        "keycloak": ["127.0.0.1:8005:8005"],
        "mailpit": ["127.0.0.1:8025:1025", "127.0.0.1:8026:8025"],
    }


@pytest.mark.parametrize("name", ALL)
def test_nothing_is_published_beyond_this_machine(name: str) -> None:
    for port in COMPOSE[name].get("ports", []):
        assert port.startswith("127.0.0.1:"), port


@pytest.mark.parametrize("service", SERVICES)
def test_an_api_needs_no_broker_and_a_worker_needs_the_topics(service: str) -> None:
    migrated = {"migrate": {"condition": "service_completed_successfully"}}
    topics = {"topics": {"condition": "service_completed_successfully"}}
    issuer = {"keycloak": {"condition": "service_healthy"}}

    assert COMPOSE[f"{service}-api"]["depends_on"] == migrated | issuer
    assert COMPOSE[f"{service}-worker"]["depends_on"] == migrated | issuer | topics


def test_one_step_migrates_every_service_in_its_own_database() -> None:
    migrate = COMPOSE["migrate"]
    script = migrate["command"][-1].strip().splitlines()

    assert script == [
        f"DATABASE_URL=$${name.upper()} python -m shared.migrations upgrade {name}"
        for name in SERVICES
    ]
    for name in SERVICES:
        run = COMPOSE[f"{name}-api"]["environment"]["DATABASE_URL"]
        owner = run.replace(f"//{name}:", f"//{name}_owner:").replace("_DB_", "_OWNER_")
        assert migrate["environment"][name.upper()] == owner != run


def test_the_topics_step_would_start(monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(COMPOSE["topics"]["environment"]) <= names_of(TopicSettings)

    settings = read_by(TopicSettings, environment_of("topics"), monkeypatch)

    assert settings.kafka_servers == "kafka:9092"
    assert settings.topic_replication == 1


def test_every_secret_comes_from_outside_and_is_demanded() -> None:
    for name, service in COMPOSE.items():
        for key, value in service.get("environment", {}).items():
            if value and key.endswith(("PASSWORD", "SECRET")):
                assert re.fullmatch(r"\$\{\w+:\?\}", value), f"{name}: {key}"
            if value and "://" in value and "@" in value:
                assert re.search(r"://\w+:\$\{\w+:\?\}@", value), f"{name}: {key}"


def test_the_example_names_every_variable_and_holds_no_secret() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    demanded = {line.rstrip("=") for line in lines if re.fullmatch(r"[A-Z_]+=", line)}
    optional = {match[1] for line in lines if (match := re.fullmatch(r"# ([A-Z_]+)=\S+", line))}

    assert (demanded, optional) == (variables()[":?"], variables()[":-"] | passed_on())
    assert [line for line in lines if re.fullmatch(r"[A-Z_]+=.+", line)] == []


def test_the_data_of_postgres_outlives_its_container() -> None:
    assert "postgres:/var/lib/postgresql" in COMPOSE["postgres"]["volumes"]
    assert set(documents("docker-compose.yml")[0]["volumes"]) == {
        volume.partition(":")[0]
        for service in COMPOSE.values()
        for volume in service.get("volumes", [])
        if not volume.startswith(".")
    }


@pytest.mark.parametrize("name", ALL)
def test_what_is_mounted_exists(name: str) -> None:
    for volume in COMPOSE[name].get("volumes", []):
        source = volume.partition(":")[0]
        if source.startswith("."):
            assert (ROOT / source).exists(), source
            assert volume.endswith(":ro"), volume


def test_the_brokers_listeners_fit_together() -> None:
    kafka = COMPOSE["kafka"]["environment"]

    def ports(setting: str) -> dict[str, str]:
        parts = (listener.split("://") for listener in kafka[setting].split(","))
        return {name: address.rpartition(":")[2] for name, address in parts}

    listeners, advertised = ports("KAFKA_LISTENERS"), ports("KAFKA_ADVERTISED_LISTENERS")
    protocols = dict(
        pair.split(":") for pair in kafka["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"].split(",")
    )
    assert listeners.keys() == protocols.keys()
    assert advertised.items() <= listeners.items()
    assert kafka["KAFKA_CONTROLLER_QUORUM_VOTERS"].endswith(f":{listeners['CONTROLLER']}")
    assert kafka["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


def test_our_containers_cannot_write_or_gain_rights() -> None:
    for name in [*OURS, "migrate", "topics"]:
        service = COMPOSE[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_the_image_is_built_from_hashed_locks_and_runs_as_nobody_special() -> None:
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    stages = re.split(r"^FROM ", dockerfile, flags=re.MULTILINE)[1:]

    assert [stage.split()[0] for stage in stages] == ["python:3.13-slim"] * 2
    assert "--require-hashes" in stages[0]
    assert "USER 10001:10001" in stages[1]
    assert "apt-get" not in dockerfile


def test_the_image_gets_what_it_copies() -> None:
    admitted = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copies = re.findall(r"^COPY (?!--from)(\S+)", (ROOT / "deploy/Dockerfile").read_text(), re.M)

    assert set(copies) == admitted
    for path in copies:
        assert (ROOT / path).exists(), path


def test_prometheus_asks_every_process() -> None:
    jobs = documents("deploy/prometheus/prometheus.yml")[0]["scrape_configs"]
    asked = {
        (job["job_name"], group["labels"]["service"], *group["targets"])
        for job in jobs
        for group in job["static_configs"]
        if "labels" in group
    }

    assert asked == {
        *(("api", name, f"{name}-api:{port}") for name, port in API_PORTS.items()),
        *(("worker", name, f"{name}-worker:{port}") for name, port in WORKER_PORTS.items()),
    }


def expressions() -> list[str]:
    groups = documents("deploy/prometheus/alerts.yml")[0]["groups"]
    alerts = [rule["expr"] for group in groups for rule in group["rules"]]
    board: Any = json.loads((ROOT / "deploy/grafana/dashboards/professionalitet.json").read_text())
    shown = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    return alerts + shown


@pytest.mark.parametrize("expression", expressions())
def test_what_is_watched_is_measured(expression: str) -> None:
    metrics = [
        metric
        for metric in vars(observability).values()
        if isinstance(metric, Counter | Gauge | Histogram)
    ]
    measured = {"up"}
    for family in (family for metric in metrics for family in metric.collect()):
        suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_count", "_sum"]}
        measured |= {family.name + suffix for suffix in suffixes.get(family.type, [""])}
    bare = re.sub(r'"[^"]*"|by \([^)]*\)', "", expression)
    words = set(re.findall(r"(?<![\w.])[a-z_]+(?=[\s\[{)]|$)(?!\s*\()", bare))

    assert words
    assert words <= measured


def test_the_guide_explains_every_setting() -> None:
    assert names_of(ServiceSettings, TopicSettings) <= explained()


def test_the_guide_names_only_files_that_exist() -> None:
    guide = (ROOT / "docs/production.md").read_text()
    named = set(re.findall(r"(?<![\w/])(deploy/[\w./-]+\w)", guide))

    assert named
    for path in named:
        assert (ROOT / path).exists(), path
