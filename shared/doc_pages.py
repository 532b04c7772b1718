"""A policy of their own for the pages of the API's documents: their inline script by its hash."""

import base64
import hashlib
import re
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.settings import ServiceSettings

PAGES: Final = frozenset({"/docs", "/docs/oauth2-redirect", "/redoc"})
_INLINE: Final = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


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
