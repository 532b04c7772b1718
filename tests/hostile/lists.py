"""Lists asked for pages they do not have, in orders they do not know."""

import base64
from typing import Final

from shared import pages
from tests.hostile.asking import Asker
from tests.hostile.operations import Operation


def _cursor(position: str) -> str:
    return base64.urlsafe_b64encode(position.encode()).decode().rstrip("=")


CURSORS: Final = {
    "no base64": "'; drop table outbox --",
    "cut off": _cursor('"0190c5a0-0000-7000-8000-000000000012"')[:-3],
    "no JSON": _cursor("{"),
    "of another shape": _cursor('{"id": [1]}'),
    "NUL": _cursor('"\\u0000"'),
    "a surrogate": _cursor('["\\ud800", "\\ud800"]'),
    "a huge number": _cursor("9" * 400),
    "a number beyond 64 bits": _cursor(str(2**63)),
    "numbers beyond": _cursor("[1e400, 1e400]"),
    "deep": _cursor("[" * 300),
    "endless": "A" * 501,
    "NUL as it is": "\x00",
}
LIMITS: Final = ("0", "-1", "1000000000", "9" * 400, "ten", "1.5", "")
SORTS: Final = ("id; drop table outbox", "password", "-", "name,name", "(select 1)", "")


async def ask(asker: Asker, operation: Operation) -> None:
    """Forged cursors, senseless limits and orders, where the operation has them."""
    path, query = asker.required()["path"], asker.required()["query"]

    async def sent(name: str, what: str, value: str) -> None:
        answer = await asker.ask(path, {**query, name: value}, None)
        asker.judge(f"{name} {what}", answer, [("query", name)])

    names = {one["name"] for one in operation.placed("query")}
    if "cursor" in names:
        marks = pages.mark(asker.address(path), [(name, str(one)) for name, one in query.items()])
        for what, value in CURSORS.items():
            await sent("cursor", what, f"{value}.{marks}")
        # Some lists are in the order of a text, and this is one: a value, and nothing more.
        statement = _cursor('"я\' or 1=1 --"') + f".{marks}"
        answer = await asker.ask(path, {**query, "cursor": statement}, None)
        if answer.status_code != 200 or answer.json()["items"]:
            asker.judge("cursor a statement", answer, [("query", "cursor")])
        await sent("cursor", "of another list", f"{_cursor('1')}.{pages.mark('/v1/other', [])}")
        await sent("cursor", "without a list", _cursor("1"))
    for name, values in (("limit", LIMITS), ("sort", SORTS)):
        if name in names:
            for value in values:
                await sent(name, repr(value), value)
    if operation.method == "GET":
        await sent("no-such", "an unknown parameter", "1")
