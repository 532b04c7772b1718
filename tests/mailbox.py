"""A mail server for tests, which keeps letters or answers as it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email import policy as email_policy
from typing import Any

from aiosmtpd.smtp import SMTP
from pydantic import SecretStr


class Mailbox:
    """An SMTP server's handler: keeps letters, or answers the statuses it is told to."""

    def __init__(self, answers: list[str]) -> None:
        self.answers = answers
        self.kept: list[tuple[list[str], Any]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answers:
            return self.answers.pop(0)
        letter = message_from_bytes(envelope.content, policy=email_policy.default)
        self.kept.append((list(envelope.rcpt_tos), letter))
        return "250 OK"


@asynccontextmanager
async def mailbox(*answers: str) -> AsyncIterator[tuple[SecretStr, Mailbox]]:
    """The server's address and what it keeps; `answers` are given first, one per letter."""
    box = Mailbox(list(answers))
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(box, enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0
    )
    async with server:
        yield SecretStr(f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"), box
