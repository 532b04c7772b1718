"""A bare Starlette route over ready bytes: `BODY` names the file, `ETAG` is their tag."""

import os
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_BODY = Path(os.environ["BODY"]).read_bytes()
_ETAG = os.environ["ETAG"]


async def board(request: Request) -> Response:
    headers = {"ETag": _ETAG, "Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"}
    if request.headers.get("if-none-match") == _ETAG:
        return Response(status_code=304, headers=headers)
    return Response(_BODY, media_type="application/json", headers=headers)


app = Starlette(routes=[Route("/v1/ratings/regions", board)])
