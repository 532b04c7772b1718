"""What tests of a slice's letters share: the heads a directory knows, and letters made and sent."""

import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
from pydantic import HttpUrl, SecretStr
from pypdf import PdfReader
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.rating.models import SliceLetter
from services.rating.service import letters
from shared.clients.base import ServiceClient
from tests.conftest import settings_for
from tests.rating.slices import LATER

HEADS: Final[Mapping[str, UUID]] = {code: uuid4() for code in ("16", "41", "54")}


def read(pdf: bytes) -> str:
    """The words of all pages."""
    return " ".join(
        " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split()
    )


def targets(url: SecretStr | None) -> Any:
    return SimpleNamespace(
        smtp_url=url, mail_from="cur@example.org", public_url=HttpUrl("https://rating.example.ru")
    )


@asynccontextmanager
async def directory(
    databases: dict[str, str],
    heads: Mapping[str, UUID] = HEADS,
    *,
    email: str | None = "head@example.org",
    name: str = "Иванова М. С.",
    status: int = 200,
) -> AsyncIterator[ServiceClient]:
    """A directory that knows these heads, two on a page."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, json={"access_token": "x", "expires_in": 300})
        if request.url.path.startswith("/v1/people/"):
            return httpx.Response(status, json={"email": email, "full_name": name})
        start = int(request.url.params.get("cursor", 0))
        found = list(heads.items())
        page = [{"region": code, "person_id": str(id_)} for code, id_ in found[start : start + 2]]
        following = str(start + 2) if start + 2 < len(found) else None
        return httpx.Response(status, json={"items": page, "next_cursor": following})

    settings = settings_for(databases["rating"])
    settings.oidc_token_url = HttpUrl("http://issuer/token")
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        yield ServiceClient(http, settings)


async def prepared(session: AsyncSession, databases: dict[str, str]) -> dict[str, SliceLetter]:
    """The letters of the slice that is frozen, by region."""
    async with directory(databases) as client:
        assert await letters.prepare(session, client, now=LATER) is not None
    ordered = select(SliceLetter).order_by(col(SliceLetter.region))
    return {one.region: one for one in await session.exec(ordered)}


async def send(
    session: AsyncSession,
    databases: dict[str, str],
    letter: SliceLetter,
    url: SecretStr | None,
    **known: Any,
) -> timedelta | None:
    async with directory(databases, **known) as client:
        return await letters.send(session, client, targets(url), letter.id, now=LATER)
