"""The throw-away server the other tests stand on: quick, complete, and gone with its owner."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest

from deploy.local import ports, postgres
from deploy.local.processes import ROOT

OWNER = """
import time
from deploy.local.postgres import ephemeral
with ephemeral() as server:
    print(server.port, flush=True)
    time.sleep(60)
"""


async def test_an_ephemeral_server_is_quick_and_speaks_russian() -> None:
    began = time.monotonic()
    with postgres.ephemeral({"max_connections": "20"}) as server:
        connection = await asyncpg.connect(server.dsn)
        took = time.monotonic() - began
        lowered = await connection.fetchval("select lower('ЁЛКА')")
        limit = await connection.fetchval("show max_connections")
        await connection.close()

    assert (lowered, limit) == ("ёлка", "20")
    assert took < 5
    assert ports.is_free(server.port)


async def test_a_wrong_password_is_refused() -> None:
    with postgres.ephemeral() as server, pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.dsn.replace(server.password, "guess"))


def test_a_killed_owner_leaves_no_server() -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdout is not None
    port = int(owner.stdout.readline())
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()

    deadline = time.monotonic() + 10
    while not ports.is_free(port):
        assert time.monotonic() < deadline, "the server outlived its owner"
        time.sleep(0.05)


def test_a_stale_lock_file_is_removed_and_a_held_one_stays(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    lock = data / "postmaster.pid"
    lock.write_text("1\n")

    with subprocess.Popen(["/bin/sleep", "30"], cwd=data) as holder:
        postgres.clear_stale_lock(tmp_path, seconds=0.1)
        assert lock.exists()
        holder.kill()
    postgres.clear_stale_lock(tmp_path)

    assert not lock.exists()
