"""The pages of the API's documents: Swagger UI with its way in, and a policy of their own.

Their inline scripts are let run by their hashes.
"""

import base64
import hashlib
import re
from typing import Final
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.settings import ServiceSettings

_DOCS: Final = "/docs"
# Where the issuer sends people back to, with a code.
_REDIRECT: Final = "/docs/oauth2-redirect"
PAGES: Final = frozenset({_DOCS, _REDIRECT, "/redoc"})
# Of fastapi_offline, which has a page as well, but none that people could sign in from.
_STATIC: Final = "/static-offline-docs"
_INLINE: Final = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def add_swagger_ui(app: FastAPI) -> None:
    """Add Swagger UI, and signing in from it by authorization code and PKCE (RFC 7636)."""

    async def swagger_ui(request: Request) -> HTMLResponse:
        settings: ServiceSettings = request.state.settings
        root = request.scope.get("root_path", "")
        people = {
            "clientId": settings.oidc_pages_client,
            "usePkceWithAuthorizationCodeGrant": True,
        }
        return get_swagger_ui_html(
            openapi_url=f"{root}{app.openapi_url}",
            title=f"{app.title} - Swagger UI",
            oauth2_redirect_url=f"{root}{_REDIRECT}",
            init_oauth=people if settings.oidc_authorization_url else None,
            swagger_js_url=f"{root}{_STATIC}/swagger-ui-bundle.js",
            swagger_css_url=f"{root}{_STATIC}/swagger-ui.css",
            swagger_favicon_url=f"{root}{_STATIC}/favicon.png",
            swagger_ui_parameters={"persistAuthorization": True, "displayRequestDuration": True},
        )

    async def redirect(_: Request) -> HTMLResponse:
        return get_swagger_ui_oauth2_redirect_html()

    # Plain routes: the issuer adds to the address what it likes, which an operation would refuse.
    app.add_route(_DOCS, swagger_ui, include_in_schema=False)
    app.add_route(_REDIRECT, redirect, include_in_schema=False)


def policy(page: bytes, settings: ServiceSettings) -> str:
    """What the page may run: our files and its own script; whom it may ask: us and the issuer.

    Styles are the library's, made as it runs: there is no hash to give them.
    """
    scripts = ["'self'"]
    scripts += [
        f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'"
        for script in _INLINE.findall(page)
    ]
    asked = ["'self'", *settings.cors_origins]
    if settings.oidc_token_url is not None:
        parts = urlsplit(str(settings.oidc_token_url))
        asked.append(f"{parts.scheme}://{parts.netloc}")
    return (
        f"default-src 'none'; script-src {' '.join(scripts)};"
        " style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:;"
        f" worker-src blob:; connect-src {' '.join(asked)};"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


class DocPages:
    """Pure ASGI: puts the policy on these pages, whose text it has to see first."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in PAGES:
            await self._app(scope, receive, send)
            return
        began: Message | None = None

        async def answer(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = message
                return
            if began is not None:
                headers = MutableHeaders(raw=began["headers"])
                page = message.get("body", b"")
                headers["Content-Security-Policy"] = policy(page, scope["state"]["settings"])
                await send(began)
                began = None
            await send(message)

        await self._app(scope, receive, answer)
