"""Bodies that are no JSON object, or more than the one that was asked for."""

from typing import Any, Final

from tests.hostile.asking import Asker
from tests.hostile.shapes import Path, dumps

_DEEP: Final = 10_000
JUNK: Final[dict[str, bytes]] = {
    "invalid UTF-8": b'{"name": "\xff\xfe"}',
    "deep lists": b"[" * _DEEP + b"]" * _DEEP,
    "deep objects": b'{"a":' * _DEEP + b"1" + b"}" * _DEEP,
    "a list for an object": b"[]",
    "text for an object": b'"text"',
    "null for an object": b"null",
    "a number of 5000 digits": b'{"cohort": ' + b"9" * 5000 + b"}",
    "no body": b"",
}


async def ask(asker: Asker) -> None:
    """Send each of them in the place of the operation's body."""
    known = asker.required()

    async def sent(what: str, content: bytes, *named: Path, media: str = "") -> None:
        headers = {"Content-Type": media} if media else {}
        answer = await asker.ask(known["path"], known["query"], content, **headers)
        asker.judge(what, answer, named)

    for what, content in JUNK.items():
        await sent(what, content)
    sound = dumps(asker.sound_body())
    await sent("UTF-16", sound.decode().encode("utf-16"), ("body",))
    await sent("UTF-8 with a mark", b"\xef\xbb\xbf" + sound, ("body",))
    await sent("a truncated body", sound[:-1])
    await sent("two bodies", sound + sound)
    await sent("not said to be JSON", sound, media="text/plain")
    await sent("said to be a form", sound, media="application/x-www-form-urlencoded")
    for path in asker.object_paths():
        await sent(
            "an extra field",
            dumps(_with_extra(asker.sound_body(), path)),
            ("body", *path, "__proto__"),
        )
    if sound != b"{}":
        await sent("a field twice", b"{" + sound[1:-1] + b"," + sound[1:], ("body",))


def _with_extra(body: Any, path: Path) -> Any:
    place = body
    for part in path:
        place = place[int(part) if isinstance(place, list) else part]
    place["__proto__"] = {"is_admin": True}
    return body
