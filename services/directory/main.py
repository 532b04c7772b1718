"""The directory service: `uvicorn …main:app` is the API, `python -m …main` the worker."""

from services.directory.routers import (
    activities,
    addressees,
    appointment_requests,
    appointments,
    associations,
    cluster_life,
    clusters,
    coverage,
    mandates,
    model,
    organisations,
    people,
    reference,
    regions,
    relations,
    roadmaps,
    search,
)
from shared.app import create_app
from shared.worker import run_worker

app = create_app(
    "directory",
    # Before the regions: its address would be a region's code.
    coverage.router,
    regions.router,
    addressees.router,
    model.router,
    reference.router,
    clusters.router,
    cluster_life.router,
    organisations.router,
    relations.router,
    people.router,
    appointments.router,
    appointment_requests.router,
    associations.router,
    mandates.router,
    activities.router,
    roadmaps.router,
    search.router,
    title="Справочник",
    description="Регионы, кластеры, организации, люди и назначения; всё — на дату.",
)

if __name__ == "__main__":
    run_worker("directory")
