"""Apache Kafka itself on loopback, without Docker: one KRaft node out of Maven Central's jars.

    python -m deploy.local.kafka --folder .local/kafka --port 19092
    python -m deploy.local.kafka --fetch    # 0 when it can run here; otherwise it says why not

The jars are those of `deploy/kafka/pom.xml`, fetched once. The process becomes the broker, so a
signal reaches it; its data outlives it, unlike those of the embedded broker.
"""

import argparse
import base64
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from deploy.local import maven
from deploy.local.errors import StackError, last_lines
from deploy.local.ports import HOST, accepts, unused

POM: Final = Path(__file__).resolve().parent.parent / "kafka" / "pom.xml"
START_SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.05
_NONE: Final[Mapping[str, str]] = {}
# A small broker that starts soon: tests start many.
_OPTIONS: Final = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


def jars() -> Path:
    """The folder of the broker's jars, fetched by Maven if they are not there yet.

    Raises `StackError` with Maven's own words.
    """
    return maven.fetched("kafka", POM)


def command_line(folder: Path, port: int, properties: Mapping[str, str] = _NONE) -> list[str]:
    """The argv of a broker that keeps its data in the folder; `properties` go before our own."""
    module = "deploy.local.kafka"
    given = [f"--property={name}={value}" for name, value in properties.items()]
    return [sys.executable, "-m", module, "--folder", str(folder), "--port", str(port), *given]


def _java(main: str, *arguments: str, options: Sequence[str] = ()) -> list[str]:
    return ["java", *_OPTIONS, *options, "-cp", f"{jars()}/*", main, *arguments]


def _formatted() -> Path:
    """A folder formatted for such a node, kept beside the jars: a Java less at every new start.

    Raises `StackError` with the end of what it says where it cannot be.
    """
    found = jars().with_name(f"{jars().name}-formatted")
    if found.exists():
        return found
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    with tempfile.TemporaryDirectory(dir=found.parent) as temporary:
        folder = Path(temporary)
        (folder / "server.properties").write_text(_settings(folder, unused()))
        config = str(folder / "server.properties")
        done = subprocess.run(  # noqa: S603
            _java("kafka.tools.StorageTool", "format", "--cluster-id", cluster, "--config", config),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode:
            raise StackError(f"Apache Kafka не готовит себе папку:\n{last_lines(done.stdout)}")
        # Another process may have been faster.
        with suppress(OSError):
            (folder / "data").rename(found)
    return found


def _classes() -> Path:
    """Where classes are kept as a broker has read them, for the next to map: half of its start.

    Another Java would not take them, nor then its own.
    """
    return jars().with_name(f"{jars().name}-java-{maven.java_version()}.jsa")


def _keep_classes() -> None:
    """Start a broker once and keep what it has read; a Java that keeps nothing does without.

    Raises `StackError` where it does not start, `OSError` where nothing can be kept.
    """
    found = _classes()
    if found.exists():
        return
    with tempfile.TemporaryDirectory(dir=found.parent) as temporary:
        folder, port = Path(temporary), unused()
        made, log = folder / "classes.jsa", folder / "log"
        option = f"-XX:ArchiveClassesAtExit={made}"
        with log.open("wb") as told:
            broker = subprocess.Popen(  # noqa: S603
                _java("kafka.Kafka", _prepared(folder, port), options=[option]),
                stdout=told,
                stderr=told,
            )
            try:
                works = _comes(broker, port)
                broker.terminate()
                broker.wait(START_SECONDS)
            finally:
                broker.kill()
                broker.wait()
        if not works:
            raise StackError(f"Apache Kafka не запускается:\n{last_lines(log.read_bytes())}")
        if made.exists():
            made.rename(found)


def _comes(broker: subprocess.Popen[bytes], port: int) -> bool:
    """Whether it takes connections before its time is up."""
    deadline = time.monotonic() + START_SECONDS
    while broker.poll() is None and time.monotonic() < deadline:
        if accepts(port, seconds=1):
            return True
        time.sleep(POLL_SECONDS)
    return False


def _prepared(folder: Path, port: int, more: Sequence[str] = ()) -> str:
    """The properties file of a node in the folder, formatted if it is new."""
    settings = folder / "server.properties"
    # Of two lines for a name the last one holds.
    settings.write_text(_settings(folder, port) + "\n".join(more))
    if not (folder / "data" / "meta.properties").exists():
        shutil.rmtree(folder / "data", ignore_errors=True)
        shutil.copytree(_formatted(), folder / "data")
    return str(settings)


def _settings(folder: Path, port: int) -> str:
    """The node's properties: broker and controller in one, topics made by us alone."""
    controller = unused()
    return "\n".join(
        [
            "process.roles=broker,controller",
            "node.id=1",
            f"controller.quorum.voters=1@{HOST}:{controller}",
            f"listeners=PLAINTEXT://{HOST}:{port},CONTROLLER://{HOST}:{controller}",
            f"advertised.listeners=PLAINTEXT://{HOST}:{port}",
            "controller.listener.names=CONTROLLER",
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            f"log.dirs={_escaped(folder / 'data')}",
            "auto.create.topics.enable=false",
            "offsets.topic.replication.factor=1",
            "transaction.state.log.replication.factor=1",
            "transaction.state.log.min.isr=1",
            "",
        ]
    )


def _escaped(path: Path) -> str:
    """A path as a Java properties file takes it: letters beyond ASCII as `\\uXXXX`."""
    text = str(path).replace("\\", "\\\\")
    units = text.encode("utf-16-be")
    codes = [int.from_bytes(units[at : at + 2], "big") for at in range(0, len(units), 2)]
    return "".join(chr(code) if code < 128 else f"\\u{code:04x}" for code in codes)


def main() -> None:
    """Format the folder if it is new, and become the broker; or only fetch it."""
    parser = argparse.ArgumentParser(description="Apache Kafka, one node on loopback.")
    parser.add_argument("--fetch", action="store_true", help="only fetch what it is made of")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--property", action="append", default=[], help="NAME=VALUE of the node")
    options = parser.parse_args()
    if options.fetch:
        try:
            _formatted()
        except (StackError, subprocess.SubprocessError) as error:
            sys.exit(str(error))
        try:
            _keep_classes()
        except (StackError, OSError, subprocess.SubprocessError) as error:
            # Without them it only starts slower.
            print(error, file=sys.stderr)  # noqa: T201
        return
    if options.folder is None or options.port is None:
        parser.error("--folder and --port are needed to start it")
    folder: Path = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    settings = _prepared(folder, options.port, options.property)
    classes = _classes()
    kept = [f"-XX:SharedArchiveFile={classes}"] if classes.exists() else []
    command = _java("kafka.Kafka", settings, options=kept)
    os.execvp(command[0], command)  # noqa: S606


if __name__ == "__main__":
    main()
