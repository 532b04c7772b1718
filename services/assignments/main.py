"""The assignments service: `uvicorn …main:app` is the API, `python -m …main` the worker."""

from services.assignments.consumers import events
from services.assignments.routers import assignments, executions
from shared.app import create_app
from shared.worker import run_worker

app = create_app(
    "assignments",
    assignments.router,
    executions.router,
    title="Поручения",
    description="Поручения по протоколам и их исполнение: от выдачи до приёмки в ЦУР.",
    events=events,
)

if __name__ == "__main__":
    run_worker("assignments", events)
