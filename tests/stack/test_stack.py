"""The embedded stack's own promises, kept with real processes; the services are not needed."""

import fcntl
import os
import random
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import httpx
import jwt
import psutil
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local import orphans, ports
from deploy.local.errors import StackError
from deploy.local.processes import ROOT, SERVICES, Ports
from deploy.local.stack import Stack
from deploy.local.topics import relieve
from shared.events.base import PARTITIONS
from shared.topics import TOPICS

PARTS = ("postgres", "broker", "topics", "issuer", "mail")
RECOVERY_SECONDS = 10.0

pytestmark = pytest.mark.e2e


def free_offset() -> int:
    """A shift at which every port of a stack is free, below the range of outgoing connections."""
    while True:
        offset = random.randrange(100, 13_000, 50)
        shifted = Ports(offset)
        numbers = [shifted.postgres, shifted.broker, shifted.issuer, shifted.mail]
        numbers += [
            number for name in SERVICES for number in (shifted.api(name), shifted.worker(name))
        ]
        if all(ports.is_free(number) for number in numbers):
            return offset


def eventually(holds: Callable[[], bool], seconds: float = RECOVERY_SECONDS) -> float:
    """Wait until it holds; gives the seconds it took."""
    began = time.monotonic()
    while not holds():
        assert time.monotonic() - began < seconds, f"does not hold after {seconds} s"
        time.sleep(0.05)
    return time.monotonic() - began


def healthy(stack: Stack) -> set[str]:
    return {row.name for row in stack.status() if row.healthy}


def token_answer(stack: Stack, client_id: str, secret: str = "dev") -> httpx.Response:
    return httpx.post(
        f"{stack.urls['issuer']}/token",
        auth=(client_id, secret),
        data={"grant_type": "client_credentials"},
        trust_env=False,
    )


async def partitions(stack: Stack) -> dict[str, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.kafka_servers)
    await admin.start()
    try:
        topics = await admin.describe_topics()
    finally:
        await admin.close()
    return {topic["topic"]: len(topic["partitions"]) for topic in topics}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("стек") / "a path with 100% oddity's"
    stack = Stack(folder, free_offset())
    try:
        stack.up(services=False)
        yield stack
    finally:
        stack.reset()
    assert not folder.exists()
    assert not orphans.marked(folder)


def test_all_parts_are_healthy_and_the_services_wait(stack: Stack) -> None:
    assert healthy(stack) == set(PARTS)
    assert {row.state for row in stack.status() if row.name not in PARTS} == {"STOPPED"}


def test_a_second_up_starts_only_what_is_missing(stack: Stack) -> None:
    before = {name: stack.pid(name) for name in PARTS}
    stack.stop("mail")

    stack.up(services=False)

    after = {name: stack.pid(name) for name in PARTS}
    assert healthy(stack) == set(PARTS)
    assert after.pop("mail") != before.pop("mail")
    assert after == before


def test_what_has_just_died_is_stopped_like_any_other(stack: Stack) -> None:
    """Killed a moment ago, the supervisor is about to start it again."""
    for _ in range(5):
        stack.kill("mail")
        stack.stop("mail")
        assert {row.name: row.state for row in stack.status()}["mail"] == "STOPPED"
        stack.start("mail")
        eventually(lambda: "mail" in healthy(stack))


async def test_every_service_has_a_database_of_its_own_and_no_other(stack: Stack) -> None:
    connection = await asyncpg.connect(stack.owner_env("rating")["DATABASE_URL"])
    await connection.execute("create extension if not exists btree_gist")
    await connection.close()

    connection = await asyncpg.connect(stack.env("rating")["DATABASE_URL"])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("create table mine (id int)")
    await connection.close()

    foreign = stack.env("rating")["DATABASE_URL"].replace("/rating", "/meetings")
    foreign = foreign.replace("//meetings", "//rating")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(foreign)


def kill_and_await_another(stack: Stack, name: str) -> None:
    before = stack.pid(name)
    stack.kill(name)
    await_another(stack, name, before)


def await_another(stack: Stack, name: str, before: int | None) -> None:
    eventually(lambda: stack.pid(name) not in (None, before) and name in healthy(stack))


async def test_a_killed_postgres_comes_back_with_its_data(stack: Stack) -> None:
    connection = await asyncpg.connect(stack.superuser_dsn)
    await connection.execute("create table kept as select 42 as answer")
    await connection.close()

    kill_and_await_another(stack, "postgres")

    connection = await asyncpg.connect(stack.superuser_dsn)
    assert await connection.fetchval("select answer from kept") == 42
    await connection.close()


async def await_topics(stack: Stack) -> None:
    deadline = time.monotonic() + RECOVERY_SECONDS
    while {(await partitions(stack)).get(topic) for topic in TOPICS} != {PARTITIONS}:
        assert time.monotonic() < deadline


async def test_a_killed_broker_comes_back_with_its_topics(stack: Stack) -> None:
    kill_and_await_another(stack, "broker")

    await await_topics(stack)


async def test_a_broker_that_has_kept_too_much_starts_empty(stack: Stack) -> None:
    before = stack.pid("broker")
    supervisor = psutil.Process(before).parent()
    assert supervisor is not None
    assert not relieve(supervisor)
    assert stack.pid("broker") == before

    assert relieve(supervisor, most_mib=1)

    await_another(stack, "broker", before)
    await await_topics(stack)


async def test_a_topic_the_broker_invented_is_made_anew(stack: Stack) -> None:
    stack.stop("topics")
    kill_and_await_another(stack, "broker")
    async with AIOKafkaConsumer(TOPICS[0], bootstrap_servers=stack.kafka_servers):
        assert await partitions(stack) != {TOPICS[0]: PARTITIONS}

        stack.start("topics")

        await await_topics(stack)


def test_a_killed_issuer_comes_back_with_its_key(stack: Stack) -> None:
    jwks = f"{stack.urls['issuer']}/jwks"
    before = httpx.get(jwks, trust_env=False).json()

    kill_and_await_another(stack, "issuer")

    assert httpx.get(jwks, trust_env=False).json() == before


def test_a_token_names_the_role_and_the_row(stack: Stack) -> None:
    answer = token_answer(stack, "coordinator-16")

    issuer = stack.urls["issuer"]
    keys = jwt.PyJWKSet.from_dict(httpx.get(f"{issuer}/jwks", trust_env=False).json())
    claims = jwt.decode(
        answer.json()["access_token"],
        keys.keys[0],
        algorithms=["RS256"],
        audience="professionalitet",
        issuer=issuer,
    )
    assert answer.headers["cache-control"] == "no-store"
    assert claims["sub"] == "coordinator-16"
    assert claims["roles"] == ["coordinator"]
    assert claims["regions"] == ["16"]
    assert claims["exp"] - claims["iat"] == 3600


@pytest.mark.parametrize(
    ("client_id", "secret"),
    [
        ("coordinator-16", "wrong"),
        ("coordinator-16", ""),
        ("coordinator-1", "dev"),
        ("coordinator", "dev"),
        ("cluster-16", "dev"),
        ("root", "dev"),
        ("", "dev"),
    ],
)
def test_a_bad_secret_or_an_unknown_client_gets_no_token(
    stack: Stack, client_id: str, secret: str
) -> None:
    answer = token_answer(stack, client_id, secret)

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert "www-authenticate" in answer.headers


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ("", "invalid_request"),
        ("grant_type=password", "unsupported_grant_type"),
        ("grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        ("grant_type=client_credentials&x=%ff", "invalid_request"),
    ],
)
def test_a_malformed_token_request_is_refused_by_the_book(
    stack: Stack, form: str, error: str
) -> None:
    answer = httpx.post(
        f"{stack.urls['issuer']}/token",
        content=form,
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        trust_env=False,
    )

    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_swagger_ui_of_another_port_may_ask_for_a_token(stack: Stack) -> None:
    answer = httpx.options(
        f"{stack.urls['issuer']}/token",
        headers={
            "Origin": stack.urls["directory"],
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,x-requested-with",
        },
        trust_env=False,
    )

    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "*"


def test_the_issuer_refuses_to_start_in_production() -> None:
    environment = {name: text for name, text in os.environ.items() if name != "ENVIRONMENT"}
    started = subprocess.run(
        [sys.executable, "-m", "uvicorn", "deploy.issuer.main:app", "--port", "0"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert started.returncode != 0
    assert "ENVIRONMENT=production" in started.stderr
    assert "Traceback" not in started.stderr


def test_a_letter_ends_in_a_file_with_its_envelope(stack: Stack) -> None:
    with smtplib.SMTP("127.0.0.1", stack.ports.mail) as client:
        client.sendmail(
            "from@example.ru", ["open@example.ru", "blind@example.ru"], b"Subject: x\n\ny"
        )

    (letter,) = stack.mail_dir.glob("*.eml")
    assert b"blind@example.ru" in letter.read_bytes()
    assert (stack.mail_dir / "count").read_text() == "1"


def test_the_unknown_name_of_a_process_is_answered_with_the_known(stack: Stack) -> None:
    with pytest.raises(StackError, match="Есть: postgres"):
        stack.restart("postgre")


def test_two_commands_at_once_are_refused(stack: Stack) -> None:
    with (stack.state_dir / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StackError, match="другая команда"):
            stack.up(services=False)


def test_passwords_are_for_the_owner_only(stack: Stack) -> None:
    for name in ("passwords.json", "supervisord.conf", "issuer/signing-key.pem"):
        assert (stack.state_dir / name).stat().st_mode & 0o077 == 0


def test_a_full_disk_is_named_before_anything_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=10 * 2**20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    stack = Stack(tmp_path / "full", free_offset())

    with pytest.raises(StackError, match="свободно 10 МБ"):
        stack.up(services=False)

    assert stack.living() == 0


def test_a_taken_port_is_named_with_its_holder_and_nothing_is_left(tmp_path: Path) -> None:
    offset = free_offset()
    folder = tmp_path / "taken"
    with socket.create_server(("127.0.0.1", Ports(offset).broker)):
        started = subprocess.run(
            [sys.executable, "-m", "deploy.local", "up", "--no-services"],
            cwd=ROOT,
            env={**os.environ, "STACK_DIR": str(folder), "STACK_PORT_OFFSET": str(offset)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert started.returncode == 1
    assert f"Порт {Ports(offset).broker}" in started.stderr
    assert f"pid {os.getpid()}" in started.stderr
    assert "Traceback" not in started.stderr
    assert not orphans.marked(folder)
    Stack(folder, offset).reset()


def test_down_also_ends_what_a_killed_supervisor_left(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "orphaned", free_offset())
    stack.up(services=False)
    try:
        supervisor = int((stack.state_dir / "supervisord.pid").read_text())
        os.kill(supervisor, signal.SIGKILL)
        eventually(lambda: not stack.status())
        assert stack.living() > len(PARTS)

        stack.up(services=False)
        assert healthy(stack) == set(PARTS)

        os.kill(int((stack.state_dir / "supervisord.pid").read_text()), signal.SIGKILL)
        assert stack.down()
        assert stack.living() == 0
        assert not stack.down()
    finally:
        stack.reset()


def test_an_interrupted_up_leaves_nothing_running(tmp_path: Path) -> None:
    folder, offset = tmp_path / "interrupted", free_offset()
    stack = Stack(folder, offset)
    starting = subprocess.Popen(
        # With the services: an `up` that is over before the signal would prove nothing.
        [sys.executable, "-m", "deploy.local", "up"],
        cwd=ROOT,
        env={**os.environ, "STACK_DIR": str(folder), "STACK_PORT_OFFSET": str(offset)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # A run in the background has the signal ignored, and children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        eventually(lambda: bool(stack.status()))
        starting.send_signal(signal.SIGINT)
        assert starting.wait(30) != 0
        assert stack.living() == 0
    finally:
        starting.kill()
        starting.wait()
        stack.reset()
