"""The directory service: `uvicorn …main:app` is the API, `python -m …main` the worker."""

from services.directory.routers import (
    addressees,
    appointment_requests,
    appointments,
    cluster_life,
    clusters,
    coverage,
    model,
    organisations,
    people,
    reference,
    regions,
    relations,
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
    title="Справочник",
    description="Регионы, кластеры, организации, люди и назначения; всё — на дату.",
)

if __name__ == "__main__":
    run_worker("directory")
