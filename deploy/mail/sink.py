"""An SMTP server that keeps every letter as a file: `python -m deploy.mail.sink --folder DIR`."""

import argparse
import asyncio
import logging
import os
import signal
import tempfile
from email.message import Message
from itertools import count
from pathlib import Path
from typing import Any, Final

from aiosmtpd.smtp import SMTP

HOST: Final = "127.0.0.1"
MAX_LETTER: Final = 32 * 1024 * 1024

logger = logging.getLogger(__name__)


class Folder:
    """Writes letters as `000001.eml` … whole or not at all, and keeps their number in `count`."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self._path = path
        kept = [int(file.stem) for file in path.glob("[0-9]*.eml")]
        self._numbers = count(max(kept, default=0) + 1)

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        """Keep the letter with its envelope: blind copies are only there."""
        number = next(self._numbers)
        head = Message()
        head["X-Envelope-From"] = envelope.mail_from or "<>"
        head["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        letter = head.as_bytes().rstrip(b"\n") + b"\n" + envelope.content
        await asyncio.to_thread(self._write, f"{number:06}.eml", letter)
        await asyncio.to_thread(self._write, "count", str(number).encode())
        logger.info("letter %d to %s", number, ", ".join(envelope.rcpt_tos))
        return "250 OK"

    def _write(self, name: str, content: bytes) -> None:
        handle, partial = tempfile.mkstemp(dir=self._path)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(partial).replace(self._path / name)


async def serve(folder: Path, port: int) -> None:
    """Accept letters on the port until a signal asks to stop."""
    loop = asyncio.get_running_loop()
    keeper = Folder(folder)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(
        lambda: SMTP(keeper, data_size_limit=MAX_LETTER, enable_SMTPUTF8=True, loop=loop),
        HOST,
        port,
    )
    async with server:
        logger.info("listening on %s:%d, letters go to %s", HOST, port, folder)
        await stop.wait()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m deploy.mail.sink", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=8025)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("mail.log").setLevel(logging.WARNING)
    asyncio.run(serve(given.folder, given.port))


if __name__ == "__main__":
    main()
