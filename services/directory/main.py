"""The directory service: `uvicorn …main:app` is the API, `python -m …main` the worker."""

from services.directory.consumers import events
from services.directory.routers import (
    activities,
    addressees,
    annual_reports,
    appointments,
    associations,
    clusters,
    leaders,
    mandates,
    mentorships,
    organisations,
    people,
    practices,
    reference,
    regions,
    roadmaps,
)
from shared.app import create_app
from shared.worker import run_worker

app = create_app(
    "directory",
    regions.router,
    addressees.router,
    reference.router,
    clusters.router,
    organisations.router,
    people.router,
    appointments.router,
    associations.router,
    mandates.router,
    activities.router,
    roadmaps.router,
    practices.router,
    mentorships.router,
    leaders.router,
    annual_reports.router,
    title="Справочник",
    description="Регионы, кластеры, организации, люди и назначения; всё — на дату.",
    events=events,
)

if __name__ == "__main__":
    run_worker("directory", events)
