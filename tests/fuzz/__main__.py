"""`python -m tests.fuzz`: every operation, as every role, hundreds of requests each.

What is done is kept in `.fuzz/`, one file for a service and a role; the next call goes on.
"""

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed

from deploy.local import postgres as local_postgres
from shared.auth import Role
from shared.migrations import SERVICES
from tests.bench.machine import commit
from tests.fuzz import jobs
from tests.fuzz.jobs import EXAMPLES, FOLDER, Job


def main() -> int:
    """Run what has not been run yet; 1 where anything was found."""
    asked = _arguments()
    wanted = [
        Job(asked.profile, service, role)
        for role in asked.role or list(Role)
        for service in asked.service or SERVICES
    ]
    waiting = [one for one in wanted if asked.anew or not one.path.exists()]
    if waiting:
        _run(waiting, asked.workers)
    return _report(wanted)


def _run(waiting: list[Job], workers: int) -> None:
    store = FOLDER / "store"
    store.mkdir(parents=True, exist_ok=True)
    with (
        local_postgres.ephemeral() as server,
        ProcessPoolExecutor(
            min(workers, len(waiting)),
            mp_context=multiprocessing.get_context("spawn"),
            initializer=jobs.get_ready,
            initargs=(server, store.absolute()),
        ) as pool,
    ):
        for done in as_completed([pool.submit(jobs.run, job) for job in waiting]):
            print(jobs.line(done.result(), commit()), flush=True)  # noqa: T201
    print()  # noqa: T201


def _report(wanted: Iterable[Job]) -> int:
    """A line for each job, and whatever was wrong; 1 where anything was."""
    wrong = []
    for job in wanted:
        told = json.loads(job.path.read_text(encoding="utf-8"))
        print(jobs.line(told, commit()))  # noqa: T201
        wrong += [f"{kind}\n{how}" for kind, how in told["failures"].items()] + told["errors"]
    print("", *wrong, sep="\n\n")  # noqa: T201
    return int(bool(wrong))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--profile", choices=EXAMPLES, default="nightly")
    parser.add_argument("--service", nargs="*", choices=SERVICES)
    parser.add_argument("--role", nargs="*", choices=list(Role))
    parser.add_argument("--anew", action="store_true", help="forget what has been run before")
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes side by side"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
