"""The meetings service: `uvicorn …main:app` is the API, `python -m …main` the worker."""

from services.meetings.consumers import events
from services.meetings.routers import (
    agendas,
    cyclograms,
    items,
    meetings,
    papers,
    processes,
    protocols,
    reviews,
)
from shared.app import create_app
from shared.worker import run_worker

app = create_app(
    "meetings",
    meetings.router,
    agendas.router,
    protocols.router,
    items.router,
    reviews.router,
    papers.router,
    cyclograms.router,
    processes.router,
    title="Совещания и протоколы",
    description=(
        "Совещания с регионами, их повестка и протоколы: от черновика до утверждения,"
        " после которого пункты становятся поручениями."
    ),
    events=events,
)

if __name__ == "__main__":
    run_worker("meetings", events)
