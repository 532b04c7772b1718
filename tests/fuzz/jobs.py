"""One service asked as one role: run in a process with a world of its own, and kept as a file."""

import asyncio
import json
import logging
import os
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.local import postgres as local_postgres
from shared.auth import Role
from shared.permissions import Table
from tests.bench.machine import commit
from tests.fuzz import bugs, runs
from tests.fuzz.prepared import Prepared, prepare

FOLDER: Final = Path(".fuzz")
# At most so many made-up requests to an operation as a role that may call it: fewer where there
# is no more to make up. Those of the document's examples and of boundaries come on top; a quick run
# sends them as one role, since to most of them it is not the role that the answer is about.
EXAMPLES: Final = {"nightly": 300, "quick": 50}
Told = dict[str, Any]


@dataclass(frozen=True)
class Job:
    """A service, and the role it is asked as."""

    profile: str
    service: str
    role: str

    @property
    def path(self) -> Path:
        """Where the result is kept."""
        return FOLDER / f"{self.profile}-{self.service}-{self.role}.json"


class _Worker:
    """What a process has, once it is ready."""

    prepared: Prepared


def get_ready(server: local_postgres.Server, store: Path) -> None:
    """Tell this process a world of its own, in databases on the server."""
    bugs.listen()
    logging.disable(logging.CRITICAL)
    _Worker.prepared = asyncio.run(prepare(server, store, name=f"fuzz_{os.getpid()}"))


def run(job: Job) -> Told:
    """Do the job in a process that is ready, and keep what was found."""
    began = time.monotonic()
    prepared, examples = _Worker.prepared, EXAMPLES[job.profile]
    table: Table = prepared.served[job.service].app.state.permissions

    def plainly(operation_id: str) -> bool:
        may = table[operation_id].reach or [Role.CUR_ADMIN]
        return job.profile == "quick" and job.role != next(one for one in Role if one in may)

    found = runs.fuzz(
        prepared, job.service, lambda _: [job.role], examples=examples, plainly=plainly
    )
    if job.role == Role.CUR_ADMIN:
        found.add(runs.follow(prepared, job.service, job.role, scenarios=examples))
    open_to_it = found.sent.keys() - found.refused
    told = {
        "service": job.service,
        "role": job.role,
        "commit": commit(),
        "seconds": round(time.monotonic() - began),
        "operations": len(open_to_it),
        "refused": len(found.refused),
        "requests": found.sent.total(),
        "fewer": {one: found.sent[one] for one in open_to_it if found.sent[one] < examples},
        "statuses": _by_operation(found.statuses),
        "checks": found.checks,
        "never_passed": sorted(one for one in open_to_it if not found.passed[one]),
        "failures": found.failures,
        "errors": found.errors,
    }
    job.path.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    return told


def line(told: Told, head: str) -> str:
    """What came of a job; a result of another commit than `head` says so: it goes by old code."""
    # Results of long ago may be kept that do not say it.
    of = told.get("commit", "неизвестен")
    return (
        f"{told['service']:<11} {told['role']:<14} операций {told['operations']:>3}"
        f" (запросов меньше нужного у {len(told['fewer'])}), закрытых {told['refused']:>3},"
        f" запросов {told['requests']:>6}, {told['seconds']:>5} с,"
        f" нарушений {len(told['failures']) + len(told['errors'])},"
        f" коммит {of}{'' if of == head else f' — не {head}'}"
    )


def _by_operation(statuses: Counter[tuple[str, int]]) -> dict[str, dict[int, int]]:
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for (label, status), times in sorted(statuses.items()):
        found[label][status] = times
    return found
