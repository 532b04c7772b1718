"""Keycloak itself on loopback, without Docker, with the realm that production imports.

    python -m deploy.local.keycloak --folder .local/keycloak --port 8005
    python -m deploy.local.keycloak --fetch    # 0 when it can run here; otherwise it says why not

It is the release named in `deploy/keycloak/pom.xml`, fetched once. The process becomes Keycloak, so
a signal reaches it; its accounts outlive it in a database file of its own.
"""

import argparse
import os
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

from deploy.issuer.grant import SECRET
from deploy.local import maven
from deploy.local.errors import StackError, last_lines
from deploy.local.ports import HOST

DEPLOYED: Final = Path(__file__).resolve().parent.parent / "keycloak"
POM: Final = DEPLOYED / "pom.xml"
NAME: Final = "professionalitet"
ADMIN: Final = "admin"
BUILD_SECONDS: Final = 180
# Where the realm thinks the services' pages are: the ports of a stack that is not shifted.
_FIRST_PAGE: Final = 8001
_HOME: Final = "home"
_SHARED: Final = ("lib", "conf", "providers", "themes")
_CLIENTS: Final = ("DIRECTORY", "MEETINGS", "ASSIGNMENTS", "RATING", "PLATFORM", "SWAGGER")
# A small server that starts soon.
_OPTIONS: Final = ("-Xms64m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
# As its own script has them.
_OF_THE_SCRIPT: Final = (
    "-Djava.util.concurrent.ForkJoinPool.common.threadFactory="
    "io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
    "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
    "-Dpicocli.disable.closures=true",
    "-Dfile.encoding=UTF-8",
    "--add-opens=java.base/java.util=ALL-UNNAMED",
    "--add-opens=java.base/java.util.concurrent=ALL-UNNAMED",
    "--add-opens=java.base/java.security=ALL-UNNAMED",
    "--add-opens=java.base/java.lang=ALL-UNNAMED",
)


def realm_address(port: int) -> str:
    """The issuer: what tokens have in `iss`."""
    return f"http://{HOST}:{port}/realms/{NAME}"


def release() -> Path:
    """The folder of Keycloak, fetched and built for a database of files if it is not there yet.

    Raises `StackError` with the words of Maven or of the build.
    """
    return maven.fetched("keycloak", POM, _unpack_and_build) / _HOME


def _unpack_and_build(folder: Path) -> None:
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    archive.unlink()
    (unpacked,) = folder.iterdir()
    home = unpacked.rename(folder / _HOME)
    done = subprocess.run(  # noqa: S603
        _java(home, "build", "--db=dev-file"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if done.returncode:
        raise StackError(f"Keycloak не собирается:\n{last_lines(done.stdout)}")


def command_line(folder: Path, port: int, offset: int) -> list[str]:
    """The argv of a Keycloak that keeps its accounts in the folder.

    `offset`: how far the ports of the services' pages are shifted, to which it sends people back.
    """
    module = "deploy.local.keycloak"
    shifted = ["--offset", str(offset)]
    return [sys.executable, "-m", module, "--folder", str(folder), "--port", str(port), *shifted]


def _java(home: Path, *arguments: str) -> list[str]:
    return [
        "java",
        *_OPTIONS,
        *_OF_THE_SCRIPT,
        f"-Dkc.home.dir={home}",
        f"-Djboss.server.config.dir={home / 'conf'}",
        "-cp",
        str(home / "lib" / "quarkus-run.jar"),
        "io.quarkus.bootstrap.runner.QuarkusEntryPoint",
        *arguments,
    ]


def _prepare(folder: Path, offset: int) -> None:
    """A home for one server: the release by links, the realm with the addresses of this stack."""
    fetched, realms = release(), folder / "data" / "import"
    realms.mkdir(parents=True, exist_ok=True)
    for name in _SHARED:
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(fetched / name)
    file = f"{NAME}-realm.json"
    realm = (DEPLOYED / file).read_text(encoding="utf-8")
    # From the last: a shifted port may be another's unshifted one.
    for port in range(_FIRST_PAGE + 3, _FIRST_PAGE - 1, -1):
        realm = realm.replace(f":{port}", f":{port + offset}")
    (realms / file).write_text(realm, encoding="utf-8")


def _environment(port: int) -> dict[str, str]:
    """What the compose file gives it, for this machine: no TLS, one node, known secrets."""
    return {
        "KC_HOSTNAME": f"http://{HOST}:{port}",
        "KC_HTTP_ENABLED": "true",
        "KC_HTTP_HOST": HOST,
        "KC_HTTP_PORT": str(port),
        "KC_CACHE": "local",
        "KC_BOOTSTRAP_ADMIN_USERNAME": ADMIN,
        "KC_BOOTSTRAP_ADMIN_PASSWORD": SECRET,
        **{f"{client}_CLIENT_SECRET": SECRET for client in _CLIENTS},
    }


def main() -> None:
    """Become Keycloak; or only fetch it."""
    parser = argparse.ArgumentParser(description="Keycloak with our realm, on loopback.")
    parser.add_argument("--fetch", action="store_true", help="only fetch and build it")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--port", type=int)
    parser.add_argument("--offset", type=int, default=0, help="of the ports of the services")
    options = parser.parse_args()
    if options.fetch:
        try:
            release()
        except (StackError, subprocess.SubprocessError) as error:
            sys.exit(str(error))
        return
    if options.folder is None or options.port is None:
        parser.error("--folder and --port are needed to start it")
    folder: Path = options.folder.resolve()
    _prepare(folder, options.offset)
    command = _java(folder, "start", "--optimized", "--import-realm")
    os.execvpe(command[0], command, {**os.environ, **_environment(options.port)})  # noqa: S606


if __name__ == "__main__":
    main()
