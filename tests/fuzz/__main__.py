"""`python -m tests.fuzz`: every operation, as every role, hundreds of requests each.

What is done is kept in `.fuzz/`, one file for a service and a role; the next call goes on.
"""

import argparse
import asyncio
import json
import logging
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from deploy.local import postgres as local_postgres
from shared.auth import Role
from shared.migrations import SERVICES
from tests.fuzz import runs
from tests.fuzz.prepared import Prepared, prepare

FOLDER: Final = Path(".fuzz")
# At least so many requests to an operation as each role.
EXAMPLES: Final = {"nightly": 300, "quick": 50}


def main() -> int:
    """Run what has not been run yet; 1 where anything was found."""
    asked = _arguments()
    # What is refused is in the report; a line of log for each would be all there is to read.
    logging.disable(logging.CRITICAL)
    FOLDER.mkdir(exist_ok=True)
    wanted = [
        (service, role, FOLDER / f"{asked.profile}-{service}-{role}.json")
        for service in asked.service or SERVICES
        for role in asked.role or list(Role)
    ]
    waiting = [one for one in wanted if asked.anew or not one[2].exists()]
    if waiting:
        store = FOLDER / "store"
        store.mkdir(exist_ok=True)
        with local_postgres.ephemeral() as server:
            prepared = asyncio.run(prepare(server, store.absolute()))
            for service, role, path in waiting:
                _fuzz(prepared, service, role, EXAMPLES[asked.profile], path)
    return _report(path for _, _, path in wanted)


def _fuzz(prepared: Prepared, service: str, role: str, examples: int, path: Path) -> None:
    began = time.monotonic()
    found = runs.fuzz(prepared, service, lambda _: [role], examples=examples)
    if role == Role.CUR_ADMIN:
        found.add(runs.follow(prepared, service, role, scenarios=examples))
    told = {
        "service": service,
        "role": role,
        "seconds": round(time.monotonic() - began),
        "operations": len(found.sent),
        "requests": found.sent.total(),
        "least": min(found.sent.values()),
        "statuses": dict(sorted(found.statuses.items())),
        "checks": found.checks,
        "never_passed": sorted(one for one in found.sent if not found.passed[one]),
        "failures": found.failures,
        "errors": found.errors,
    }
    path.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")


def _report(paths: Iterable[Path]) -> int:
    """A line for each run, and whatever was wrong; 1 where anything was."""
    wrong = []
    for path in paths:
        found = json.loads(path.read_text(encoding="utf-8"))
        wrong += [f"{kind}\n{how}" for kind, how in found["failures"].items()] + found["errors"]
        print(  # noqa: T201
            f"{found['service']:<11} {found['role']:<14} операций {found['operations']:>3},"
            f" запросов {found['requests']:>6}, не менее {found['least']:>4} на операцию,"
            f" {found['seconds']:>5} с, нарушений {len(found['failures'])}"
        )
    print("", *wrong, sep="\n\n")  # noqa: T201
    return int(bool(wrong))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--profile", choices=EXAMPLES, default="nightly")
    parser.add_argument("--service", nargs="*", choices=SERVICES)
    parser.add_argument("--role", nargs="*", choices=list(Role))
    parser.add_argument("--anew", action="store_true", help="forget what has been run before")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
