"""The assignments service: `uvicorn …main:app` is the API, `python -m …main` the worker."""

from services.assignments.consumers import events
from services.assignments.domain.personal import REGISTER
from services.assignments.jobs import (
    delivering,
    falling_due,
    handing_over,
    recurring,
    reminding,
    requeueing,
    sweeping,
    tidying,
)
from services.assignments.permissions import TABLE
from services.assignments.routers import (
    assignments,
    bulk,
    coordination,
    dossiers,
    executions,
    extensions,
    files,
    inbox,
    notifications,
    policies,
    register,
    timeline,
)
from shared.app import create_app
from shared.worker import run_worker

# The one address that takes more than a request usually may.
UPLOADS = r"/v1/executions/[0-9a-f-]{36}/files"

app = create_app(
    "assignments",
    inbox.router,
    assignments.router,
    bulk.router,
    # Before the executions: `counters` is no id.
    register.router,
    timeline.router,
    executions.router,
    extensions.router,
    files.router,
    coordination.router,
    notifications.router,
    policies.router,
    dossiers.router,
    title="Поручения",
    description="Поручения по протоколам и их исполнение: от выдачи до приёмки в ЦУР.",
    events=events,
    personal=REGISTER,
    uploads=UPLOADS,
    permitted=TABLE,
)

if __name__ == "__main__":
    run_worker(
        "assignments",
        events,
        jobs=[
            handing_over,
            falling_due,
            recurring,
            reminding,
            delivering,
            requeueing,
            sweeping,
            tidying,
        ],
    )
