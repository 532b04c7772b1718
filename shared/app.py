"""The FastAPI application every service runs: identity, problems, health, metrics, offline docs."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.params import ParamTypes
from fastapi.routing import APIRoute
from fastapi_offline import FastAPIOffline
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlmodel import literal, select
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared import (
    asyncapi,
    audit_router,
    auth,
    db,
    examples,
    openapi,
    permissions,
    problems,
    simulation,
)
from shared.bodies import refuse_ambiguous_body
from shared.changes import Masks
from shared.clients.base import open_client
from shared.clock import Clock, utcnow
from shared.dead_letter_router import dead_letter_router
from shared.doc_pages import DocPages, add_swagger_ui
from shared.edge import BodyLimit, Cors, Requests
from shared.event_router import EventRouter
from shared.feed import feed_router
from shared.limits import RateLimiter
from shared.observability import configure_logging
from shared.pages import refuse_foreign_cursor
from shared.paths import nearer
from shared.personal import Register
from shared.relay import Waker
from shared.settings import Environment, ServiceSettings
from shared.topics import PRODUCED

Extension = Callable[[ServiceSettings, Clock], AbstractAsyncContextManager[dict[str, Any]]]


def _lifespan(service: str, extension: Extension | None) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        """Settings are read here and not before, so that importing the app does nothing.

        The simulated clock is followed before the first request, the waker stops after the last.
        """
        settings = ServiceSettings()
        configure_logging(service, settings.log_level)
        clock = Clock()
        waker = Waker(settings.database_dsn)
        async with AsyncExitStack() as stack:
            sessions = await stack.enter_async_context(db.open_sessions(settings.database_dsn))
            if settings.environment is Environment.DEVELOPMENT:
                await simulation.prime(settings.database_dsn, clock)
            client = await stack.enter_async_context(open_client(settings))
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            verifier = auth.Verifier(settings)
            running = [
                tasks.create_task(waker.run()),
                tasks.create_task(verifier.keys.keep()),
            ]
            if settings.environment is Environment.DEVELOPMENT:
                running.append(tasks.create_task(simulation.follow(settings.database_dsn, clock)))
            state: dict[str, Any] = {
                "settings": settings,
                "sessions": sessions,
                "clock": clock,
                "waker": waker,
                "verifier": verifier,
                "limiter": RateLimiter(settings.rate_limit, settings.rate_burst),
                "client": client,
            }
            app.state.scheme = auth.scheme_of(settings)
            app.state.cors_origins = settings.cors_origins
            if extension is not None:
                state |= await stack.enter_async_context(extension(settings, clock))
            yield state
            for task in running:
                task.cancel()

    return lifespan


def create_app(
    service: str,
    *routers: APIRouter,
    title: str,
    description: str,
    events: EventRouter | None = None,
    extension: Extension | None = None,
    uploads: str | None = None,
    permitted: permissions.Table,
    personal: Register | None = None,
) -> FastAPI:
    """Build the API of a service.

    `uploads` is a pattern of addresses that take files; `permitted` says who may call what,
    `personal` what the audit trail masks.

    Raises `RuntimeError` where an operation has no permission, or a permission no operation: deny
    is the default, and forgetting is loud. Also where one would run in a thread, or asks for its
    session before it knows who asks, or for `now` before its session.
    """
    app = FastAPIOffline(
        title=title,
        description=description,
        version="1.0.0",
        lifespan=_lifespan(service, extension),
        docs_url=None,
        generate_unique_id_function=lambda route: route.name,
        separate_input_output_schemas=False,
        strict_content_type=True,
        # The address to redirect to would be made of the Host that the client names.
        redirect_slashes=False,
        dependencies=[
            Depends(refuse_shadowed_method),
            Depends(refuse_unknown_query),
            Depends(refuse_foreign_cursor),
            Depends(refuse_ambiguous_body),
        ],
        license_info={"name": "Apache-2.0"},
    )
    add_swagger_ui(app)
    app.state.masks = Masks(personal)
    problems.install(app)
    platform = [
        _platform,
        feed_router(PRODUCED[service]),
        simulation.clock_router(),
        audit_router.router,
    ]
    if events is not None:
        platform.append(dead_letter_router(events))
    offered = (*platform, *routers)
    for router in offered:
        app.include_router(router)
    operations = [
        route for router in offered for route in router.routes if isinstance(route, APIRoute)
    ]
    app.state.operations = operations
    app.state.nearer = nearer(operations)
    app.state.permissions = permissions.complete(permitted, operations)
    for route in operations:
        _check_threads(route, route.dependant)
        _check_order(route)
    # Inside our own layer, which turns its plain text into a problem; FastAPI's would be outside.
    app.add_middleware(BodyLimit, uploads=uploads)
    app.add_middleware(DocPages)
    app.add_middleware(Requests)
    app.add_middleware(Cors)
    _describe(app)
    return app


def _check_threads(route: APIRoute, dependant: Dependant) -> None:
    """Raises `RuntimeError` for a plain function or a class: those are called in a thread.

    The hop there and back costs more than most of them do.
    """
    call: Any = dependant.call
    function = call if inspect.isroutine(call) else type(call).__call__
    if not (inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)):
        raise RuntimeError(f"{route.path}: {call!r} would run in a thread")
    for below in dependant.dependencies:
        _check_threads(route, below)


def _check_order(route: APIRoute) -> None:
    """Raises `RuntimeError` for an operation that asks for things in another order than is safe.

    First who asks, so that strangers wait for no connection and keep none from others; then the
    connection, then `now`: in a full pool it would grow old meanwhile, and its change be stale.
    """
    calls = list(permissions.calls_of(route.dependant))
    order = [one for one in (permissions.granted, db.get_session, utcnow) if one in calls]
    if sorted(order, key=calls.index) != order:
        raise RuntimeError(f"{route.path}: who asks, then the session, then `now`")


async def refuse_shadowed_method(request: Request) -> None:
    """`/clusters/export.csv` is no cluster called so, whatever is asked of it.

    Raises `HTTPException` (405) where another operation's address is nearer to what is asked for.
    """
    route = request.scope.get("route")
    others = request.app.state.nearer.get(route.path, ()) if isinstance(route, APIRoute) else ()
    if any(one.match(request.scope["path"]) for one in others):
        raise HTTPException(405)


async def refuse_unknown_query(request: Request) -> None:
    """A mistyped filter must not silently mean "no filter"."""
    route = request.scope.get("route")
    if not request.query_params or not isinstance(route, APIRoute):
        return
    # The fields of a query model carry no place of their own; only queries come as models here.
    known = {
        param.alias
        for param in get_flat_params(route.dependant)
        if getattr(param.field_info, "in_", ParamTypes.query) is ParamTypes.query
    }
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        raise RequestValidationError(
            [
                {
                    "type": "unknown_parameter",
                    "loc": ("query", name[:100]),
                    "msg": "",
                }
                for name in unknown[:20]
            ]
        )


def _describe(app: FastAPI) -> None:
    """Finish the OpenAPI document: the problem schema, the real token address, simulated time."""

    def made() -> dict[str, Any]:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            separate_input_output_schemas=False,
            license_info=app.license_info,
        )
        components = document.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        problem = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs") | {"Problem": problem}
        examples.complete(schemas)
        scheme = components.get("securitySchemes", {}).get("oauth2")
        if scheme:
            scheme |= getattr(app.state, "scheme", {})
        for path in document["paths"].values():
            for operation in path.values():
                permission = app.state.permissions[operation["operationId"]]
                openapi.finish_operation(operation, permission)
        openapi.finish_schemas(document)
        return document

    def cached() -> dict[str, Any]:
        if not app.openapi_schema:
            app.openapi_schema = made()
        return app.openapi_schema

    app.openapi = cached  # type: ignore[method-assign]


_platform = APIRouter(include_in_schema=False, dependencies=[Depends(auth.probe)])


@_platform.get("/livez", summary="Процесс жив")
async def alive() -> dict[str, str]:
    return {"status": "ok"}


@_platform.get("/readyz", summary="Процесс готов: база отвечает")
async def ready(session: db.Session) -> dict[str, str]:
    await session.exec(select(literal(1)))
    return {"status": "ok"}


@_platform.get("/asyncapi.json", summary="Контракт событий")
async def event_contract() -> dict[str, Any]:
    return asyncapi.document()


@_platform.get("/metrics", summary="Метрики Prometheus")
async def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
