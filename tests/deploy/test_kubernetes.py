"""The Kubernetes manifests: what can be known of them without a cluster."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest

from shared.events.base import PARTITIONS
from shared.migrations import SERVICES
from shared.settings import Environment, ServiceSettings
from shared.topics import TopicSettings
from tests.deploy.files import (
    API_PORTS,
    OF_THE_OBJECT_STORE,
    ROOT,
    WORKER_PORTS,
    by_kind,
    documents,
    names_of,
    read_by,
)

FOLDER: Final = Path("deploy/kubernetes")
KUSTOMIZATIONS: Final = (FOLDER, FOLDER / "common", FOLDER / "jobs")
EXAMPLE: Final = FOLDER / "secret.example.yaml"


def kustomization(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = documents(str(folder / "kustomization.yaml"))[0]
    return found


def manifests() -> list[Any]:
    """Every object that the kustomizations list."""
    return [
        document
        for folder in KUSTOMIZATIONS
        for resource in kustomization(folder)["resources"]
        if resource.endswith(".yaml")
        for document in documents(str(folder / resource))
    ]


OBJECTS: Final = manifests()
WORKLOADS: Final = {
    workload["metadata"]["name"]: workload
    for workload in by_kind(OBJECTS, "Deployment", "StatefulSet", "Job")
}
PROCESSES: Final = sorted(name for name, workload in WORKLOADS.items() if workload["kind"] != "Job")
CONFIG: Final[dict[str, str]] = by_kind(OBJECTS, "ConfigMap")[0]["data"]
SECRETS: Final = {
    secret["metadata"]["name"]: secret["stringData"] for secret in documents(str(EXAMPLE))
}


def pod_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = WORKLOADS[name]["spec"]["template"]["spec"]
    return found


def container_of(name: str) -> dict[str, Any]:
    (found,) = pod_of(name)["containers"]
    assert isinstance(found, dict)
    return found


def environment_of(name: str) -> dict[str, str]:
    """What the container is given, secrets as in the example, in the first replica."""
    container = container_of(name)
    environment: dict[str, str] = {}
    for source in container.get("envFrom", []):
        environment |= CONFIG if "configMapRef" in source else SECRETS[source["secretRef"]["name"]]
    for variable in container.get("env", []):
        if "value" in variable:
            environment[variable["name"]] = variable["value"]
        elif "secretKeyRef" in variable["valueFrom"]:
            reference = variable["valueFrom"]["secretKeyRef"]
            environment[variable["name"]] = SECRETS[reference["name"]][reference["key"]]
        else:
            path = variable["valueFrom"]["fieldRef"]["fieldPath"]
            assert path == "metadata.labels['apps.kubernetes.io/pod-index']"
            environment[variable["name"]] = "0"
    return environment


def test_every_file_is_listed_but_the_example_of_secrets() -> None:
    listed = {
        folder / resource
        for folder in KUSTOMIZATIONS
        for resource in kustomization(folder)["resources"]
        if resource.endswith(".yaml")
    }
    present = {path.relative_to(ROOT) for path in (ROOT / FOLDER).rglob("*.yaml")}

    plain = {path for path in present if path.name != "kustomization.yaml"}
    assert plain == listed | {EXAMPLE}


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="kubectl is not installed")
@pytest.mark.parametrize("folder", KUSTOMIZATIONS, ids=str)
def test_kustomize_builds_it(folder: Path) -> None:
    command = ["kubectl", "kustomize", str(ROOT / folder)]

    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_there_is_one_of_each_for_every_service() -> None:
    kinds = {name: workload["kind"] for name, workload in WORKLOADS.items()}

    assert kinds == {
        **{f"{service}-api": "Deployment" for service in SERVICES},
        **{f"{service}-worker": "StatefulSet" for service in SERVICES},
        **{f"migrate-{service}": "Job" for service in SERVICES},
        "topics": "Job",
    }


@pytest.mark.parametrize("name", sorted(WORKLOADS))
def test_a_container_has_no_rights_to_lose(name: str) -> None:
    pod, container = pod_of(name), container_of(name)

    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("service", sorted(set(SERVICES) - {"rating"}))
def test_files_on_their_way_have_room(service: str) -> None:
    (tmp,) = (one for one in pod_of(f"{service}-api")["volumes"] if one["name"] == "tmp")
    settings = ServiceSettings.model_fields
    needed = settings["uploads_at_once"].default * settings["upload_bytes"].default

    assert int(tmp["emptyDir"]["sizeLimit"].removesuffix("Mi")) * 1024**2 > needed


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_is_probed(name: str) -> None:
    container = container_of(name)
    (port,) = container["ports"]
    service, _, kind = name.rpartition("-")

    assert port["containerPort"] == (API_PORTS if kind == "api" else WORKER_PORTS)[service]
    for probe, path in (("startup", "/livez"), ("liveness", "/livez"), ("readiness", "/readyz")):
        assert container[f"{probe}Probe"]["httpGet"] == {"path": path, "port": port["name"]}


@pytest.mark.parametrize("service", SERVICES)
def test_the_commands_are_the_agreed_ones(service: str) -> None:
    api, worker = container_of(f"{service}-api"), container_of(f"{service}-worker")

    assert f"--port={API_PORTS[service]}" in api["command"]
    assert api["command"][:4] == ["python", "-m", "uvicorn", f"services.{service}.main:app"]
    assert "--no-server-header" in api["command"]
    assert worker["command"] == ["python", "-m", f"services.{service}.main"]


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_would_start_with_its_environment(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, _, kind = name.rpartition("-")
    environment = environment_of(name)

    settings = read_by(ServiceSettings, environment, monkeypatch)

    assert set(environment) <= names_of(ServiceSettings) | OF_THE_OBJECT_STORE
    assert settings.environment is Environment.PRODUCTION
    assert settings.database_dsn.endswith(f"/{service}")
    assert settings.service_client_id == f"service-{service}"
    for sister, port in API_PORTS.items():
        assert settings.url_of(sister) == f"http://{sister}-api:{port}"
    if kind == "worker":
        assert settings.worker_port == WORKER_PORTS[service]
        assert settings.worker_host == "0.0.0.0"


@pytest.mark.parametrize("name", [*PROCESSES, "topics"])
def test_every_setting_can_be_given_by_the_configmap(name: str) -> None:
    """A process takes it whole; what only this machine has a use for is no default of a cluster."""
    config = by_kind(OBJECTS, "ConfigMap")[0]["metadata"]["name"]
    local = {
        field.upper()
        for field, about in ServiceSettings.model_fields.items()
        if re.search(r"127\.0\.0\.1|localhost", str(about.default))
    }

    assert {"configMapRef": {"name": config}} in container_of(name)["envFrom"]
    assert local <= CONFIG.keys()


def test_every_setting_with_a_secret_can_be_given_by_a_secret() -> None:
    by_secret = {
        variable["name"]
        for name in PROCESSES
        for variable in container_of(name)["env"]
        if "secretKeyRef" in variable.get("valueFrom", {})
    } | SECRETS["kafka"].keys()
    # Addresses with a password in them, told to nobody by their type.
    unsaid = {"NOTIFY_CHAT_URLS", "OBJECT_STORE_URL"}
    typed = {
        field.upper()
        for field, about in ServiceSettings.model_fields.items()
        if re.search(r"SecretStr|PostgresDsn", str(about.annotation))
    }

    assert typed >= {"DATABASE_URL", "SMTP_URL"}
    assert typed | unsaid | OF_THE_OBJECT_STORE <= by_secret
    assert by_secret & CONFIG.keys() == set()


@pytest.mark.parametrize("service", SERVICES)
def test_workers_share_the_partitions_among_all_replicas(service: str) -> None:
    replicas = WORKLOADS[f"{service}-worker"]["spec"]["replicas"]

    assert environment_of(f"{service}-worker")["WORKER_COUNT"] == str(replicas)
    assert 1 <= replicas <= PARTITIONS


@pytest.mark.parametrize("service", SERVICES)
def test_a_migration_goes_to_the_services_own_database(service: str) -> None:
    command = ["python", "-m", "shared.migrations", "upgrade", service]

    assert container_of(f"migrate-{service}")["command"] == command
    assert environment_of(f"migrate-{service}") == {
        "DATABASE_URL": SECRETS[service]["MIGRATION_DATABASE_URL"]
    }
    assert f"//{service}_owner:" in SECRETS[service]["MIGRATION_DATABASE_URL"]


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_does_not_run_as_the_owner_of_its_tables(name: str) -> None:
    given = environment_of(name)["DATABASE_URL"]

    assert given.startswith(f"postgresql://{name.rpartition('-')[0]}:")


def test_the_topics_job_would_start(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = read_by(TopicSettings, environment_of("topics"), monkeypatch)

    assert settings.topic_replication == 3


def test_those_who_come_to_the_broker_get_its_secret_and_no_others() -> None:
    given = {
        name
        for name in WORKLOADS
        if {"secretRef": {"name": "kafka", "optional": True}}
        in container_of(name).get("envFrom", [])
    }

    assert given == {"topics", *(f"{service}-worker" for service in SERVICES)}
    for name in given:
        mounts = {one["name"]: one["mountPath"] for one in container_of(name)["volumeMounts"]}
        volumes = {one["name"]: one for one in pod_of(name)["volumes"]}
        assert mounts["kafka-ca"] == "/etc/kafka-ca"
        assert volumes["kafka-ca"]["secret"] == {"secretName": "kafka-ca", "optional": True}


@pytest.mark.parametrize("name", PROCESSES)
def test_a_service_leads_to_the_pods(name: str) -> None:
    found = {found["metadata"]["name"]: found["spec"] for found in by_kind(OBJECTS, "Service")}
    labels = WORKLOADS[name]["spec"]["template"]["metadata"]["labels"]

    assert found[name]["selector"].items() <= labels.items()
    assert WORKLOADS[name]["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert found[name]["ports"][0]["targetPort"] == container_of(name)["ports"][0]["name"]
    assert found[name]["ports"][0]["port"] == container_of(name)["ports"][0]["containerPort"]


def test_a_drain_leaves_every_api_a_replica() -> None:
    budgets = {
        budget["metadata"]["name"]: budget["spec"]
        for budget in by_kind(OBJECTS, "PodDisruptionBudget")
    }

    assert set(budgets) == {f"{service}-api" for service in SERVICES}
    for name, budget in budgets.items():
        assert budget["minAvailable"] < WORKLOADS[name]["spec"]["replicas"]
        assert budget["selector"] == WORKLOADS[name]["spec"]["selector"]


def test_nobody_comes_in_unless_named() -> None:
    policies = {
        policy["metadata"]["name"]: policy["spec"] for policy in by_kind(OBJECTS, "NetworkPolicy")
    }

    assert policies["closed"] == {"podSelector": {}, "policyTypes": ["Ingress"]}
    for name in policies.keys() - {"closed"}:
        for rule in policies[name]["ingress"]:
            assert rule["from"], name
            assert rule["ports"] == [{"port": "http"}], name


def test_no_secret_lies_in_the_repository() -> None:
    text = (ROOT / EXAMPLE).read_text()

    assert by_kind(OBJECTS, "Secret") == []
    assert set(SECRETS) == {*SERVICES, "kafka"}
    assert set(re.findall(r"(?:_SECRET: |_PASSWORD: |//\w+:)([^@\s]+)", text)) == {"CHANGE-ME"}
    assert not [key for key in CONFIG if key.endswith(("PASSWORD", "SECRET", "DATABASE_URL"))]
