"""The real API over a real, committed database, driven from synchronous tests."""

import asyncio
from datetime import datetime
from typing import Any, Final

import httpx
from fastapi import FastAPI
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.clock import Clock, Setting
from shared.db import async_url
from tests.assignments.world import Who
from tests.conftest import NOW, Tokens, serve, settings_for

# Where the address of a command is not its name.
PATHS: Final = {
    "pre_check": "pre-check",
    "accept_part": "accept-part",
    "request_extension": "extensions",
    "cancel_extension": "extensions/cancel",
    "grant_extension": "extensions/grant",
    "refuse_extension": "extensions/refuse",
}
LINK: Final = {"kind": "link", "title": "Акт", "url": "https://example.org/akt.pdf"}


class World:
    """The real API over a real, committed database, driven from synchronous code."""

    def __init__(self, dsn: str, app: FastAPI, token: Tokens) -> None:
        self.runner = asyncio.Runner()
        self.token = token
        self.steps = 0
        self._engine = create_async_engine(async_url(dsn))
        self.sessions = async_sessionmaker(
            self._engine, class_=AsyncSession, expire_on_commit=False
        )
        clock = Clock()
        clock.setting = Setting(NOW, NOW, running=False)
        transport = serve(app, settings_for(dsn), sessions=self.sessions, clock=clock)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://test")
        self._headers: dict[Who, dict[str, str]] = {}

    def headers(self, who: Who, now: datetime) -> dict[str, str]:
        if who not in self._headers:
            claims = {"sub": who.sub or who.role, "regions": list(who.regions)}
            self._headers[who] = self.token(who.role, clusters=list(who.clusters), **claims)
        return {**self._headers[who], "X-Simulated-Now": now.isoformat()}

    def call(
        self, method: str, path: str, who: Who, now: datetime, body: Any = None
    ) -> httpx.Response:
        return self.runner.run(
            self.http.request(method, path, headers=self.headers(who, now), json=body)
        )

    def close(self) -> None:
        self.runner.run(self.http.aclose())
        self.runner.run(self._engine.dispose())
        self.runner.close()
