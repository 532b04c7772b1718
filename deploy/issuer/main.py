"""The issuer's application: `uvicorn deploy.issuer.main:app`."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import escape
from typing import Any, Final
from uuid import uuid4

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.issuer.clients import EXAMPLES
from deploy.issuer.grant import Refused, grant
from deploy.issuer.keys import ALGORITHM, SigningKey, load_or_make
from deploy.issuer.settings import IssuerSettings

LIFETIME_SECONDS: Final = 3600
MAX_BODY: Final = 16 * 1024
NOT_STORED: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}


@asynccontextmanager
async def lifespan(_: Starlette) -> AsyncIterator[dict[str, Any]]:
    """Load the key before the first request."""
    settings = IssuerSettings()
    yield {"settings": settings, "key": load_or_make(settings.issuer_state)}


async def discovery(request: Request) -> Response:
    """The provider's metadata (OpenID Connect Discovery 1.0)."""
    address = request.state.settings.address
    return JSONResponse(
        {
            "issuer": address,
            "jwks_uri": f"{address}/jwks",
            "token_endpoint": f"{address}/token",
            "grant_types_supported": ["client_credentials"],
            "response_types_supported": [],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [ALGORITHM],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        }
    )


async def jwks(request: Request) -> Response:
    """The public keys."""
    return JSONResponse({"keys": [request.state.key.public_jwk]})


async def token(request: Request) -> Response:
    """An access token for a client that knows the secret."""
    try:
        granted = grant(
            request.headers.get("authorization"),
            request.headers.get("content-type", ""),
            await _body(request),
        )
    except Refused as refused:
        headers = dict(NOT_STORED)
        if refused.status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="token"'
        return JSONResponse(
            {"error": refused.code, "error_description": refused.description},
            status_code=refused.status,
            headers=headers,
        )
    settings: IssuerSettings = request.state.settings
    key: SigningKey = request.state.key
    now = int(time.time())
    claims = {
        "iss": settings.address,
        "aud": settings.oidc_audience,
        "sub": granted.client_id,
        "client_id": granted.client_id,
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME_SECONDS,
        "jti": str(uuid4()),
        "scope": granted.scope,
        "regions": [],
        "clusters": [],
        "industries": [],
        **granted.claims,
    }
    return JSONResponse(
        {
            "access_token": key.sign(claims),
            "token_type": "Bearer",
            "expires_in": LIFETIME_SECONDS,
            "scope": granted.scope,
        },
        headers=NOT_STORED,
    )


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise Refused("invalid_request", "Запрос слишком большой.", status=413)
    return bytes(body)


async def livez(_: Request) -> Response:
    """The process answers, and with it the key is loaded."""
    return JSONResponse({"status": "ok"})


async def page(request: Request) -> Response:
    """Which clients there are, and how to get a token."""
    address = request.state.settings.address
    rows = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{escape(meaning)}</td></tr>"
        for name, meaning in EXAMPLES
    )
    command = f"curl -u coordinator-16:dev -d grant_type=client_credentials {address}/token"
    return HTMLResponse(
        f"""<!doctype html>
<html lang="ru"><meta charset="utf-8"><title>Токены для разработки</title>
<style>body{{font:16px/1.5 sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}}
td{{padding:.1rem 1rem .1rem 0}}pre{{background:#eee;padding:1rem;overflow:auto}}</style>
<h1>Токены для разработки</h1>
<p>Имя клиента называет роль и её строку данных, секрет у всех один: <code>dev</code>.
Токен действует один час. В промышленной среде этот сервер не запускается.</p>
<table>{rows}</table>
<pre>{escape(command)}</pre>
<p>В Swagger UI любого сервиса нажмите Authorize и введите те же имя и секрет.</p></html>"""
    )


class DevelopmentOnly:
    """Refuses the start of the server outside development: anyone can be anyone here."""

    def __init__(self, inner: ASGIApp) -> None:
        self._inner = inner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the server's start-up message with a refusal, or pass everything on."""
        environment = IssuerSettings().environment if scope["type"] == "lifespan" else None
        if environment in (None, "development"):
            await self._inner(scope, receive, send)
            return
        await receive()
        refusal = (
            "Эмитент токенов для разработки не запускается при "
            f"ENVIRONMENT={environment}: он выдаёт любую роль любому. "
            "Для стенда задайте ENVIRONMENT=development, в промышленной среде "
            "укажите в OIDC_ISSUER настоящий сервер."
        )
        await send({"type": "lifespan.startup.failed", "message": refusal})


app: Final = DevelopmentOnly(
    Starlette(
        routes=[
            Route("/", page),
            Route("/.well-known/openid-configuration", discovery),
            Route("/jwks", jwks),
            Route("/token", token, methods=["POST"]),
            Route("/livez", livez),
        ],
        middleware=[
            Middleware(
                CORSMiddleware, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"]
            )
        ],
        lifespan=lifespan,
    )
)
