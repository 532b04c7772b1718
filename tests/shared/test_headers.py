"""Headers of safety on every answer, a policy for every page."""

import base64
import hashlib
import importlib
import json
import re

import httpx
import pytest
from fastapi import APIRouter, Depends
from pydantic import ValidationError

from deploy.local.processes import Ports, services
from services.rating.board.live import Board
from shared.app import create_app
from shared.auth import public, scheme_of
from shared.clock import Clock
from shared.health import Health
from shared.migrations import SERVICES
from shared.permissions import PUBLIC
from tests.conftest import serve, settings_for

DSN = "postgresql://nobody@127.0.0.1:1/nothing"


def asking(service: str, **settings: object) -> httpx.AsyncClient:
    app = importlib.import_module(f"services.{service}.main").app
    board = Board()
    board.show(
        {"period": "2023-10", "methodology": "", "methodology_version": 1, "mu_bp": 0}, [], 1
    )
    transport = serve(app, settings_for(DSN, **settings), sessions=None, clock=Clock(), board=board)
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/livez", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/nowhere", 404),
        ("DELETE", "/livez", 405),
        ("GET", "/v1/audit", 401),
        ("POST", "/v1/audit?" + "x" * 9000, 414),
    ],
)
async def test_every_answer_is_safe_to_look_at(
    service: str, method: str, path: str, status: int
) -> None:
    async with asking(service, hsts_seconds=31_536_000) as client:
        answer = await client.request(method, path)

    assert answer.status_code == status
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_the_ready_rating_is_too_and_https_is_not_promised_unasked() -> None:
    board = Board()
    head = {"period": "2023-10", "methodology": "", "methodology_version": 1, "mu_bp": 0}
    board.show(head, [], 1)
    settings = settings_for(DSN)
    app = importlib.import_module("services.rating.main").app
    transport = serve(app, settings, sessions=None, clock=Clock(), board=board)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/v1/ratings/regions")

    assert answer.status_code == 200
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Strict-Transport-Security" not in answer.headers


def test_no_api_names_its_server() -> None:
    started = services(Ports(), dict.fromkeys(SERVICES, "secret"))
    apis = [process for process in started if process.name.endswith("-api")]
    assert len(apis) == len(SERVICES)
    assert all("--no-server-header" in process.command for process in apis)


def test_no_worker_names_its_server() -> None:
    assert not Health().server(settings_for(DSN)).config.server_header


async def test_a_bug_is_answered_within_the_same_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    router = APIRouter(dependencies=[Depends(public)])

    @router.get("/fail")
    async def fail() -> None:
        raise RuntimeError("hunter2")

    monkeypatch.setattr("shared.problems.logger.error", lambda *_, **__: None)
    app = create_app("meetings", router, title="x", description="x", permitted={"fail": PUBLIC})
    transport = serve(app, settings_for(DSN), sessions=None, clock=Clock())
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/fail", headers={"X-Request-ID": "of-the-bug"})

    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"] == "of-the-bug"
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("path", ["/docs", "/docs/oauth2-redirect", "/redoc"])
async def test_a_page_of_documents_runs_its_own_script_and_no_other(path: str) -> None:
    async with asking("meetings", oidc_token_url="https://id.test/a/token") as client:
        page = await client.get(path)

    policy = dict(
        part.strip().split(" ", 1) for part in page.headers["Content-Security-Policy"].split(";")
    )
    inline = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in inline]
    assert policy["script-src"].split() == ["'self'", *(f"'sha256-{one}'" for one in digests)]
    assert policy["connect-src"] == "'self' https://id.test"
    assert policy["frame-ancestors"] == "'none'"
    # Every script with an address is ours.
    assert all(src.startswith("/") for src in re.findall(r'<script src="([^"]+)"', page.text))


def swagger_ui(**issuer: str) -> httpx.AsyncClient:
    """A service's own documents, as if it had started with these addresses of its issuer."""
    settings = settings_for(DSN, **issuer)
    app = create_app("meetings", title="x", description="x", permitted={})
    app.state.scheme = scheme_of(settings)
    transport = serve(app, settings, sessions=None, clock=Clock())
    return httpx.AsyncClient(transport=transport, base_url="http://test")


async def test_people_sign_in_from_swagger_ui_where_the_issuer_has_a_page() -> None:
    authorization_url, token_url = "https://id.test/auth", "https://id.test/token"
    issuer = {"oidc_authorization_url": authorization_url, "oidc_token_url": token_url}
    async with swagger_ui(**issuer) as client:
        page = (await client.get("/docs")).text
        scheme = (await client.get("/openapi.json")).json()["components"]["securitySchemes"]
        # The issuer sends them back with more than we would ask for.
        back = await client.get("/docs/oauth2-redirect?code=x&state=y&iss=https://id.test")

    given = {"tokenUrl": token_url, "scopes": {}}
    assert scheme["oauth2"]["flows"] == {
        "authorizationCode": {"authorizationUrl": authorization_url, **given},
        "clientCredentials": given,
    }
    told = re.search(r"ui\.initOAuth\((.*?)\)", page, re.DOTALL)
    assert told
    assert json.loads(told[1]) == {
        "clientId": "pages",
        "usePkceWithAuthorizationCodeGrant": True,
    }
    assert back.status_code == 200


async def test_there_is_no_door_for_people_where_the_issuer_has_none() -> None:
    async with swagger_ui(oidc_token_url="https://id.test/token") as client:
        page = (await client.get("/docs")).text
        scheme = (await client.get("/openapi.json")).json()["components"]["securitySchemes"]

    assert scheme["oauth2"]["flows"].keys() == {"clientCredentials"}
    assert "initOAuth" not in page


def test_a_door_that_leads_nowhere_is_no_setting() -> None:
    with pytest.raises(ValidationError, match="OIDC_AUTHORIZATION_URL needs OIDC_TOKEN_URL"):
        settings_for(DSN, oidc_authorization_url="https://id.test/auth")
