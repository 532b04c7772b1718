"""The directory service: `uvicorn …main:app` is the API, `python -m …main` the worker."""

from services.directory.jobs import requeueing, working
from services.directory.routers import (
    addressees,
    appointments,
    channels,
    clusters,
    exports,
    imports,
    organisations,
    people,
    posts,
    reference,
    regions,
)
from shared.app import create_app
from shared.listings.cells import MAX_BYTES
from shared.worker import run_worker

# The one address that takes more than a request usually may.
UPLOADS = r"/v1/imports"

app = create_app(
    "directory",
    regions.router,
    addressees.router,
    reference.router,
    # Before the clusters: `export.csv` is no id.
    exports.router,
    clusters.router,
    imports.router,
    channels.router,
    posts.router,
    organisations.router,
    people.router,
    appointments.router,
    title="Справочник",
    description="Регионы, кластеры, организации, люди и назначения; всё — на дату.",
    uploads=(UPLOADS, MAX_BYTES),
)

if __name__ == "__main__":
    run_worker("directory", jobs=[working, requeueing])
