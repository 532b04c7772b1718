"""The page's own files: style, scripts, the icon."""

from pathlib import Path
from typing import Any, Final

from fastapi.staticfiles import StaticFiles
from starlette.responses import Response

STATIC: Final = Path(__file__).parent / "static"


class Assets(StaticFiles):
    """The page's own files, asked about every time: after a deploy nobody runs an old script."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response
