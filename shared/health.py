"""Which tasks of a worker are at work, and the small port that tells it."""

import time
from collections.abc import Callable, Mapping
from typing import Final

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.settings import ServiceSettings

# Rounds take half a second, a batch of them or a partition heard anew some seconds.
_SILENT_SECONDS: Final = 60.0


class Health:
    """Which tasks are at work; the worker is ready when all are."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._waiting: dict[str, str] = {}
        # Of tasks that say when they have gone round: when they last did.
        self._rounds: dict[str, float] = {}

    @property
    def waiting(self) -> Mapping[str, str]:
        """Task → why it is not at work."""
        silent = {task: self._now() - at for task, at in self._rounds.items()}
        stuck = {
            task: f"no round for {seconds:.0f} s"
            for task, seconds in silent.items()
            if seconds > _SILENT_SECONDS
        }
        return stuck | self._waiting

    def expect(self, task: str) -> None:
        self._waiting[task] = "starting"

    def ok(self, task: str) -> None:
        self._waiting.pop(task, None)

    def went_round(self, task: str) -> None:
        """It is at work, and will say so again soon: if it does not, it is stuck."""
        self.ok(task)
        self._rounds[task] = self._now()

    def went_on(self, task: str) -> None:
        """In the midst of a long round."""
        if task in self._rounds:
            self._rounds[task] = self._now()

    def down(self, task: str, reason: str) -> None:
        self._waiting[task] = reason
        self._rounds.pop(task, None)

    async def ready(self, _: Request) -> JSONResponse:
        waiting = dict(self.waiting)
        return JSONResponse(
            {"status": "waiting" if waiting else "ok", "waiting": waiting}, 503 if waiting else 200
        )

    def server(self, settings: ServiceSettings) -> uvicorn.Server:
        """The small port: `/livez`, `/readyz`, `/metrics`."""

        async def alive(_: Request) -> JSONResponse:
            return JSONResponse({"status": "ok"})

        async def metrics(_: Request) -> Response:
            return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

        app = Starlette(
            routes=[
                Route("/livez", alive),
                Route("/readyz", self.ready),
                Route("/metrics", metrics),
            ]
        )
        config = uvicorn.Config(
            app,
            host=settings.worker_host,
            port=settings.worker_port,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            timeout_graceful_shutdown=2,
        )
        return uvicorn.Server(config)
