"""What the services would log while they are fuzzed: nothing is written, and bugs are kept."""

import json
import traceback
from typing import Any, Final

import structlog
from schemathesis import Response
from structlog.typing import EventDict

# The last calls of a traceback tell where the bug is.
_LINES: Final = 12
_kept: dict[str, str] = {}


def listen() -> None:
    """Keep the traceback of every bug, and write none.

    A line of log for each refusal would be all there is to read, and a bug rendered with its
    variables takes longer than many requests.
    """
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, _keep])


def behind(response: Response) -> str:
    """The end of the traceback behind an answer, empty where there is none or nobody listened."""
    try:
        return _kept.get(json.loads(response.text)["request_id"], "")
    except (ValueError, KeyError, TypeError):
        return ""


def _keep(logger: Any, method: str, event: EventDict) -> EventDict:
    error = event.get("exc_info")
    if isinstance(error, BaseException):
        lines = "".join(traceback.format_exception(error)).splitlines()
        _kept[str(event.get("request_id"))] = "\n".join(lines[-_LINES:])
    raise structlog.DropEvent
