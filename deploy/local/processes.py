"""What the stack consists of: every process, its port, its command, its environment."""

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from deploy.local import broker, issuers, keycloak
from deploy.local.issuers import Issuer

ROOT: Final = Path(__file__).resolve().parent.parent.parent
HOST: Final = "127.0.0.1"
SERVICES: Final = ("directory", "meetings", "assignments", "rating")
AUDIENCE: Final = "professionalitet"
# In the environment of all our processes: how orphans are recognised as ours.
MARK: Final = "PROFESSIONALITET_STACK"


@dataclass(frozen=True)
class Ports:
    """Every port of the stack, shifted together so that stacks can live side by side."""

    offset: int = 0

    @property
    def postgres(self) -> int:
        return 15432 + self.offset

    @property
    def broker(self) -> int:
        return 19092 + self.offset

    @property
    def issuer(self) -> int:
        return 8005 + self.offset

    @property
    def mail(self) -> int:
        return 8025 + self.offset

    def api(self, service: str) -> int:
        return 8001 + SERVICES.index(service) + self.offset

    def worker(self, service: str) -> int:
        return 8011 + SERVICES.index(service) + self.offset


@dataclass(frozen=True)
class Process:
    """One supervised process. Without a health path, health is that its port answers."""

    name: str
    title: str
    command: list[str]
    port: int | None = None
    health_path: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: str = "TERM"
    listens_to: str | None = None

    @property
    def health_url(self) -> str | None:
        return f"http://{HOST}:{self.port}{self.health_path}" if self.health_path else None


def identity(state: Path) -> str:
    """A short name of the stack in this folder, the same in every process that asks."""
    return hashlib.sha256(str(state.resolve()).encode()).hexdigest()[:12]


def common_environment(state: Path, ports: Ports) -> dict[str, str]:
    """What every process of the stack inherits."""
    return {
        MARK: identity(state),
        "PYTHONUNBUFFERED": "1",
        "ENVIRONMENT": "development",
        # A proxy of the machine must not come between processes on it.
        "NO_PROXY": f"{HOST},localhost",
        "no_proxy": f"{HOST},localhost",
        "ISSUER_STATE": str(state / "issuer"),
        "KAFKA_SERVERS": f"{HOST}:{ports.broker}",
        "OBJECT_STORE_URL": (state / "files").resolve().as_uri(),
        "KAFKA_IDEMPOTENCE": json.dumps(broker.chosen().takes_idempotence),
        # Every fetch costs the broker, found something or not; only scores are in a hurry.
        "KAFKA_FETCH_WAIT_MS": str(broker.chosen().fetch_wait_ms(in_a_hurry=False)),
        **issuers.addresses(ports.issuer),
        "OIDC_AUDIENCE": AUDIENCE,
        **{f"{name.upper()}_URL": f"http://{HOST}:{ports.api(name)}" for name in SERVICES},
        # Subscribers' webhooks on this machine, by plain http.
        "WEBHOOK_PRIVATE_NETWORKS": json.dumps([f"{HOST}/32"]),
        "CORS_ORIGINS": json.dumps(
            [
                f"http://{host}:{ports.api(name)}"
                for name in SERVICES
                for host in (HOST, "localhost")
            ]
        ),
    }


def service_environment(service: str, ports: Ports, password: str) -> dict[str, str]:
    """What the two processes of a service have besides."""
    # Monthly letters go to the sink by themselves; daily reminders would flood it.
    letters = {
        "SMTP_URL": f"smtp://{HOST}:{ports.mail}",
        "PUBLIC_URL": f"http://{HOST}:{ports.api('rating')}",
        "PUBLIC_ASSIGNMENTS_URL": f"http://{HOST}:{ports.api('assignments')}",
    }
    hurry = {"KAFKA_FETCH_WAIT_MS": str(broker.chosen().fetch_wait_ms(in_a_hurry=True))}
    return {
        **(letters | hurry if service == "rating" else {}),
        "DATABASE_URL": f"postgresql://{service}:{password}@{HOST}:{ports.postgres}/{service}",
        "SERVICE_CLIENT_ID": f"service-{service}",
        "SERVICE_CLIENT_SECRET": "dev",
        "WORKER_PORT": str(ports.worker(service)),
    }


def parts(state: Path, postgres_home: Path, ports: Ports) -> list[Process]:
    """What the services stand on, in the order of starting."""
    python = sys.executable
    server = ["--home", str(postgres_home), "--port", str(ports.postgres)]
    return [
        Process(
            "postgres",
            "PostgreSQL",
            [python, "-m", "deploy.local.postgres", *server],
            ports.postgres,
            stop_signal="INT",
        ),
        Process(
            "broker",
            "брокер событий",
            broker.command(state / "broker", ports.broker),
            ports.broker,
        ),
        # After the broker: supervisord tells listeners in this order, and at once.
        Process(
            "topics",
            "топики брокера",
            [python, "-m", "deploy.local.topics"],
            listens_to="PROCESS_STATE_STARTING,TICK_60",
        ),
        Process(
            "issuer",
            "выдача токенов",
            _issuer(state, ports),
            ports.issuer,
            issuers.chosen().health_path,
        ),
        Process(
            "mail",
            "приём писем",
            [
                python,
                "-m",
                "deploy.mail.sink",
                "--folder",
                str(state / "mail"),
                "--port",
                str(ports.mail),
            ],
            ports.mail,
        ),
    ]


def services(ports: Ports, passwords: Mapping[str, str]) -> list[Process]:
    """Two processes of each service: its API and its worker."""
    found = []
    for name in SERVICES:
        environment = service_environment(name, ports, passwords[name])
        found += [
            Process(
                f"{name}-api",
                f"{name}: API",
                _uvicorn(f"services.{name}.main:app", ports.api(name)),
                ports.api(name),
                "/readyz",
                environment,
            ),
            Process(
                f"{name}-worker",
                f"{name}: обработчик",
                [sys.executable, "-m", f"services.{name}.main"],
                ports.worker(name),
                "/readyz",
                environment,
            ),
        ]
    return found


def _issuer(state: Path, ports: Ports) -> list[str]:
    if issuers.chosen() is Issuer.KEYCLOAK:
        return keycloak.command_line(state / "keycloak", ports.issuer, ports.offset)
    return _uvicorn("deploy.issuer.main:app", ports.issuer)


def _uvicorn(app: str, port: int) -> list[str]:
    return [
        sys.executable,
        "-m",
        "uvicorn",
        app,
        "--host",
        HOST,
        "--port",
        str(port),
        # Longer than clients keep a connection: it is theirs to close, never under a request.
        "--timeout-keep-alive",
        "75",
        "--timeout-graceful-shutdown",
        "3",
        "--no-access-log",
        "--no-server-header",
    ]
