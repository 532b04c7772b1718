"""The directory service: `uvicorn …main:app` is the API, `python -m …main` the worker."""

from services.directory.consumers import events
from services.directory.domain.personal import REGISTER
from services.directory.jobs import requeueing, tidying, working
from services.directory.permissions import TABLE
from services.directory.routers import (
    activities,
    addressees,
    annual_reports,
    appointment_requests,
    appointments,
    associations,
    channels,
    cluster_life,
    clusters,
    coverage,
    erasures,
    exports,
    imports,
    leaders,
    mandates,
    mentorships,
    model,
    organisations,
    people,
    posts,
    practices,
    reference,
    regions,
    relations,
    roadmaps,
    search,
)
from shared.app import create_app
from shared.worker import run_worker

# The one address that takes more than a request usually may.
UPLOADS = r"/v1/imports"

app = create_app(
    "directory",
    # Before the regions: its address would be a region's code.
    coverage.router,
    regions.router,
    addressees.router,
    model.router,
    reference.router,
    # Before the clusters: `export.csv` is no id.
    exports.router,
    clusters.router,
    cluster_life.router,
    imports.router,
    channels.router,
    posts.router,
    organisations.router,
    relations.router,
    people.router,
    erasures.router,
    erasures.of_people,
    appointments.router,
    appointment_requests.router,
    associations.router,
    mandates.router,
    activities.router,
    roadmaps.router,
    practices.router,
    mentorships.router,
    leaders.router,
    annual_reports.router,
    search.router,
    title="Справочник",
    description="Регионы, кластеры, организации, люди и назначения; всё — на дату.",
    events=events,
    personal=REGISTER,
    uploads=UPLOADS,
    permitted=TABLE,
)

if __name__ == "__main__":
    run_worker("directory", events, jobs=[working, requeueing, tidying])
