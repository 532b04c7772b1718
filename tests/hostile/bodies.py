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


_FORM: Final = "multipart/form-data; boundary=b"


def _part(disposition: str, content: str = "x", *more: str) -> bytes:
    head = "\r\n".join([f"Content-Disposition: form-data; {disposition}", *more])
    return f"--b\r\n{head}\r\n\r\n{content}\r\n".encode()


_END: Final = b"--b--\r\n"
# Name → media type and body.
FORMS: Final[dict[str, tuple[str, bytes]]] = {
    "no boundary": ("multipart/form-data", b"x"),
    "no form in it": (_FORM, b"x" * 1000),
    "nothing in it": (_FORM, _END),
    "cut off": (_FORM, _part('name="file"; filename="a.csv"')[:-20]),
    "text for a file": (_FORM, _part('name="file"') + _END),
    "another field": (_FORM, _part('name="files"; filename="a.csv"') + _END),
    "a file without a name": (_FORM, _part('name="file"; filename=""') + _END),
    "NUL in the name": (_FORM, _part('name="file"; filename="a\0.csv"') + _END),
    "only folders": (_FORM, _part('name="file"; filename="../../"') + _END),
    "a broken line": (_FORM, _part('name="file"; filename="a\r\nX: y.exe"') + _END),
    "two thousand fields": (_FORM, _part('name="x"') * 2000 + _END),
    "two thousand files": (_FORM, _part('name="x"; filename="x"') * 2000 + _END),
    "a head without end": (_FORM, b"--b\r\n" + b"X-" + b"x" * 100_000),
    "JSON": ("application/json", b'{"file": "x"}'),
    "an endless boundary": (f"multipart/form-data; boundary={'b' * 5000}", b"x"),
}


async def ask_for_files(asker: Asker) -> None:
    """Send forms that are none, or hold no file."""
    known = asker.required()
    for what, (media, content) in FORMS.items():
        headers = {"Content-Type": media}
        answer = await asker.ask(known["path"], known["query"], content, **headers)
        asker.judge(f"a form: {what}", answer)


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
