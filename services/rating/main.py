"""The rating service: `uvicorn services.rating.main:app`; the worker is `python -m`.

`python -m services.rating.main reconcile` and `… rebuild` heal the projection by hand.
"""

from services.rating.board.keeping import open_board
from services.rating.board.serving import ReadyBoard
from services.rating.commands import rebuild, reconcile
from services.rating.consumers import events
from services.rating.domain.personal import REGISTER
from services.rating.jobs import (
    dispatching,
    lettering,
    pushing,
    reconciling,
    scorer,
    sending,
    slicing,
    tidying,
    trending,
)
from services.rating.page.assets import STATIC, Assets
from services.rating.permissions import TABLE
from services.rating.routers import (
    actions,
    appeals,
    clusters,
    corridors,
    deliveries,
    dossiers,
    fairness,
    groups,
    histories,
    letters,
    live,
    methodologies,
    pages,
    reconciliations,
    regions,
    reviews,
    slices,
    subscriptions,
    tables,
)
from shared.app import create_app
from shared.worker import run_worker

app = create_app(
    "rating",
    # Before the ratings: theirs are paths of which some fit any name.
    tables.router,
    regions.router,
    actions.router,
    corridors.router,
    histories.router,
    clusters.router,
    reviews.router,
    fairness.router,
    live.router,
    # Last of the ratings: its path fits any name.
    groups.router,
    appeals.router,
    tables.of_slices,
    slices.router,
    letters.router,
    methodologies.router,
    reconciliations.router,
    subscriptions.router,
    deliveries.router,
    dossiers.router,
    pages.router,
    letters.links,
    title="Рейтинг",
    description="Живой и объяснимый рейтинг регионального управления по методике РЭРУ-1.",
    events=events,
    personal=REGISTER,
    extension=open_board,
    permitted=TABLE,
)
app.mount("/static", Assets(directory=STATIC), name="static")
app.add_middleware(ReadyBoard)

if __name__ == "__main__":
    run_worker(
        "rating",
        events,
        jobs=[
            scorer,
            slicing,
            trending,
            reconciling,
            lettering,
            sending,
            dispatching,
            pushing,
            tidying,
        ],
        commands=[reconcile, rebuild],
    )
