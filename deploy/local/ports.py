"""Ports: whether one is free, and who holds it when it is not."""

import errno
import os
import random
import socket
from typing import Final

import psutil

HOST: Final = "127.0.0.1"
_dice: Final = random.SystemRandom()


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        # As servers do it: remains of closed connections do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            raise
        return True


def unused() -> int:
    """A free port that no client is given meanwhile: below those the kernel hands out."""
    while True:
        port = _dice.randrange(24_000, 32_000)
        if is_free(port):
            return port


def accepts(port: int, *, seconds: float) -> bool:
    """Whether somebody accepts a connection on the port within the time."""
    try:
        socket.create_connection((HOST, port), timeout=seconds).close()
    except OSError:
        return False
    return True


def holder(port: int) -> str | None:
    """The process that listens on the port, for a person; None where the system does not tell."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return None
    for connection in connections:
        listens = connection.status == psutil.CONN_LISTEN
        if listens and connection.laddr and connection.laddr.port == port and connection.pid:
            try:
                process = psutil.Process(connection.pid)
                command = " ".join(process.cmdline()) or process.name()
            except psutil.NoSuchProcess:
                return None
            return f"{command[:100]} (pid {connection.pid}, пользователь {_user(process)})"
    return None


def _user(process: psutil.Process) -> str:
    try:
        return process.username()
    except psutil.Error:
        return f"uid {os.getuid()}"
