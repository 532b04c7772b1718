"""The meetings service: `uvicorn …main:app` is the API, `python -m …main` the worker."""

from services.meetings.commands import load_series
from services.meetings.consumers import events
from services.meetings.domain.personal import REGISTER
from services.meetings.jobs import freezing_agendas, making_meetings, tidying
from services.meetings.permissions import TABLE
from services.meetings.routers import (
    agendas,
    calendars,
    cyclograms,
    dossiers,
    items,
    meetings,
    papers,
    participation,
    processes,
    protocols,
    reviews,
    series,
)
from shared.app import create_app
from shared.worker import run_worker

# The one address that takes more than a request usually may.
UPLOADS = r"/v1/meetings/[0-9a-f-]{36}/attendance/imports"

app = create_app(
    "meetings",
    series.router,
    meetings.router,
    agendas.router,
    participation.router,
    calendars.router,
    protocols.router,
    items.router,
    reviews.router,
    papers.router,
    cyclograms.router,
    processes.router,
    dossiers.router,
    title="Совещания и протоколы",
    description=(
        "Совещания с регионами, их повестка и протоколы: от черновика до утверждения,"
        " после которого пункты становятся поручениями."
    ),
    events=events,
    personal=REGISTER,
    uploads=UPLOADS,
    permitted=TABLE,
)

if __name__ == "__main__":
    run_worker(
        "meetings",
        events,
        jobs=[making_meetings, freezing_agendas, tidying],
        commands=[load_series],
    )
