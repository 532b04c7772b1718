"""Letters over SMTP, to exactly one person each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib

SECONDS: Final = 30.0
_TLS: Final = {"smtp": None, "smtp+starttls": True, "smtps": False}


class AddressInvalid(ValueError):
    """What stands as the person's address is none."""


class MailRefused(ConnectionError):
    """The server did not take the letter; `for_good` where it will not take it later either."""

    def __init__(self, reason: str, *, for_good: bool) -> None:
        self.for_good = for_good
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a letter; a PDF unless its media type says otherwise."""

    name: str
    content: bytes
    media_type: str = "application/pdf"


def letter(
    mark: UUID,
    *,
    sender: str,
    to: str,
    subject: str,
    text: str,
    at: datetime,
    turn: int = 0,
    attachments: Sequence[Attachment] = (),
) -> EmailMessage:
    """The letter. The same mark and turn make the same `Message-ID`: a repeated one can be told.

    Raises `AddressInvalid`.
    """
    found = EmailMessage()
    found["From"] = _address(sender)
    found["To"] = _address(to)
    # One line, whatever a name within it holds: a header ends where a line does.
    found["Subject"] = " ".join(subject.split())
    found["Date"] = format_datetime(at)
    name = f"{mark}.{turn}" if turn else str(mark)
    found["Message-ID"] = f"<{name}@{_address(sender).domain}>"
    found["X-Notification-Id"] = str(mark)
    found["Auto-Submitted"] = "auto-generated"
    found.set_content(text)
    for one in attachments:
        main, _, sub = one.media_type.partition("/")
        found.add_attachment(one.content, maintype=main, subtype=sub, filename=one.name)
    return found


def _address(text: str) -> Address:
    try:
        found = Address(addr_spec=text)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise AddressInvalid("Адрес почты не разобран.") from error
    if not found.username or not found.domain or "\n" in text or "\r" in text:
        raise AddressInvalid("Адрес почты не разобран.")
    return found


async def send(url: str, message: EmailMessage) -> None:
    """Hand the letter to the server at `smtp://`, `smtp+starttls://` or `smtps://`.

    A plain `smtp://` uses TLS where the server offers it. Raises `MailRefused`.
    """
    parts = urlsplit(url)
    sender, to = message["From"].addresses[0], message["To"].addresses[0]
    try:
        await aiosmtplib.send(
            message,
            sender=sender.addr_spec,
            recipients=[to.addr_spec],
            hostname=parts.hostname,
            port=parts.port,
            username=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            use_tls=parts.scheme == "smtps",
            start_tls=_TLS[parts.scheme],
            timeout=SECONDS,
        )
    except aiosmtplib.SMTPRecipientsRefused as error:
        [refused] = error.recipients
        raise MailRefused(
            f"Сервер не принял адресата: {refused.code}.", for_good=refused.code >= 500
        ) from error
    except aiosmtplib.SMTPAuthenticationError as error:
        # Our trouble, not the letter's: it may go once the password is right.
        raise MailRefused(f"Сервер не принял пароль: {error.code}.", for_good=False) from error
    except aiosmtplib.SMTPDataError as error:
        raise MailRefused(
            f"Сервер не принял письмо: {error.code}.", for_good=error.code >= 500
        ) from error
    except (aiosmtplib.SMTPException, OSError) as error:
        raise MailRefused(f"Почтовый сервер недоступен: {error!r}"[:400], for_good=False) from error
