"""Answers that are files made for the occasion."""

from collections.abc import Iterator
from typing import IO, Any, Final
from urllib.parse import quote

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

_CHUNK: Final = 64 * 1024


def file_of(*media_types: str) -> dict[int | str, dict[str, Any]]:
    """How an operation says that it answers a file of one of these kinds."""
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"description": "Файл", "content": dict.fromkeys(media_types, schema)}}


class FileAnswer(StreamingResponse):
    """A nameless temporary file, sent in chunks; closed, and so gone, whatever happens."""

    def __init__(
        self,
        file: IO[bytes],
        *,
        media_type: str,
        filename: str,
        plain: str,
        status_code: int = 200,
    ) -> None:
        """`filename` in any script, and `plain` in ASCII for programs that cannot read it."""
        self._file = file
        size = file.seek(0, 2)
        file.seek(0)
        ending = filename.rpartition(".")[2]
        headers = {
            "Content-Disposition": (
                f"attachment; filename=\"{plain}.{ending}\"; filename*=UTF-8''{quote(filename)}"
            ),
            "Content-Length": str(size),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        }
        super().__init__(
            self._chunks(), status_code=status_code, media_type=media_type, headers=headers
        )

    def _chunks(self) -> Iterator[bytes]:
        while chunk := self._file.read(_CHUNK):
            yield chunk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()
