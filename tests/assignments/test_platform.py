"""What every service's API has from `shared.app`, seen on one of them."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from fastapi import APIRouter, Depends, FastAPI
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.app import create_app
from shared.auth import public
from shared.clock import Clock
from shared.edge import MAX_BODY_BYTES
from shared.permissions import PUBLIC
from shared.settings import Environment
from tests.conftest import ISSUER, NOW, Tokens, serve, sessions_of, settings_for

PATH = "/v1/executions"


async def test_health_and_metrics_are_open(client: httpx.AsyncClient) -> None:
    for path in ("/livez", "/readyz"):
        assert (await client.get(path)).json() == {"status": "ok"}
    assert "http_request_duration_seconds" in (await client.get("/metrics")).text


async def test_a_request_id_goes_in_and_out_and_into_problems(client: httpx.AsyncClient) -> None:
    given = await client.get(PATH, headers={"X-Request-ID": "abc-1"})
    made = await client.get(PATH, headers={"X-Request-ID": "x" * 100})

    assert (given.headers["X-Request-ID"], given.json()["request_id"]) == ("abc-1", "abc-1")
    assert len(made.headers["X-Request-ID"]) == 36


@pytest.mark.parametrize(
    "claims",
    [
        {"exp": 1},
        {"nbf": 4_000_000_000},
        {"aud": "another"},
        {"iss": "http://elsewhere.test"},
        {"roles": "cur_admin"},
        {"clusters": ["not-a-uuid"]},
    ],
    ids=lambda claims: next(iter(claims)),
)
async def test_a_token_that_claims_wrong_things_is_not_believed(
    client: httpx.AsyncClient, token: Tokens, claims: dict[str, Any]
) -> None:
    response = await client.get(PATH, headers=token("cur_admin", **claims))
    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256"])
async def test_a_token_of_another_signature_is_not_believed(
    client: httpx.AsyncClient, algorithm: str
) -> None:
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key: Any = {"none": None, "HS256": "x" * 32, "RS256": stranger}[algorithm]
    payload = {"iss": ISSUER, "aud": "professionalitet", "sub": "x", "iat": 1, "exp": 4e9}
    forged = jwt.encode(
        {**payload, "roles": ["cur_admin"]}, key, algorithm=algorithm, headers={"kid": "test"}
    )
    response = await client.get(PATH, headers={"Authorization": f"Bearer {forged}"})
    assert response.status_code == 401


async def test_an_unknown_role_opens_nothing(client: httpx.AsyncClient, token: Tokens) -> None:
    response = await client.get(PATH, headers=token("emperor"))
    assert (response.status_code, response.json()["code"]) == (403, "permission_denied")


async def test_a_body_over_the_limit_is_refused_declared_or_not(
    client: httpx.AsyncClient, token: Tokens
) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY_BYTES // 65536 + 2):
            yield b" " * 65536

    path = f"{PATH}/0190c5a0-0000-7000-8000-000000000012/withdraw"
    headers = {**token("cur_admin"), "Content-Type": "application/json"}
    declared = await client.post(path, headers=headers, content=b" " * (MAX_BODY_BYTES + 1))
    chunked = await client.post(path, headers=headers, content=chunks())

    for response in (declared, chunked):
        assert (response.status_code, response.json()["code"]) == (413, "body_too_large")
        assert response.headers["content-type"] == "application/problem+json"


async def test_an_address_that_does_not_exist_is_a_problem_too(client: httpx.AsyncClient) -> None:
    missing = await client.get("/v1/nothing")
    wrong = await client.delete(PATH)
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")


async def test_a_wrong_method_is_told_every_right_one(client: httpx.AsyncClient) -> None:
    wrong = await client.put("/v1/views")

    assert wrong.status_code == 405
    assert wrong.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("method", "address", "right"), [("PUT", "facts", "GET"), ("GET", "bulk", "POST")]
)
async def test_an_address_of_its_own_is_no_row_called_so(
    client: httpx.AsyncClient, method: str, address: str, right: str
) -> None:
    wrong = await client.request(method, f"{PATH}/{address}")

    assert (wrong.status_code, wrong.headers["allow"]) == (405, right)


async def test_simulated_time_is_refused_in_production(
    app: FastAPI, token: Tokens, databases: dict[str, str], session: AsyncSession, clock: Clock
) -> None:
    settings = settings_for(databases["assignments"], environment=Environment.PRODUCTION)
    transport = serve(app, settings, sessions=sessions_of(session), clock=clock)
    headers = token("cur_admin")
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as production:
        now = await production.get(PATH, headers={**headers, "X-Simulated-Now": NOW.isoformat()})
        read = await production.get("/v1/clock", headers=headers)
        wanted = {"instant": NOW.isoformat(), "running": True}
        moved = await production.put("/v1/clock", headers=headers, json=wanted)

    assert (now.status_code, now.json()["code"]) == (422, "simulated_time_refused")
    assert (read.status_code, moved.status_code) == (404, 404)


@pytest.mark.parametrize(
    ("value", "status", "code"),
    [
        ("2023-10-02T08:59:59Z", 409, "simulated_time_in_past"),
        ("yesterday", 422, "simulated_time_refused"),
        ("2023-10-03T00:00:00", 422, "simulated_time_refused"),
        ("1", 422, "simulated_time_refused"),
        ("2023-10-02T09:00:00Z", 200, None),
    ],
)
async def test_a_simulated_now_is_an_instant_not_before_the_clock(
    client: httpx.AsyncClient, token: Tokens, value: str, status: int, code: str | None
) -> None:
    headers = {**token("auditor"), "X-Simulated-Now": value}
    response = await client.get(PATH, headers=headers)
    assert (response.status_code, response.json().get("code")) == (status, code)


def test_a_route_that_says_nobody_may_call_it_is_no_route() -> None:
    router = APIRouter()

    @router.get("/v1/open-by-accident")
    async def forgotten() -> None: ...

    with pytest.raises(RuntimeError, match="forgotten"):
        create_app("assignments", router, title="x", description="x", permitted={})


def test_a_dependency_that_would_run_in_a_thread_is_refused() -> None:
    router = APIRouter()

    def plain() -> int:
        return 1

    @router.get("/v1/threads", dependencies=[Depends(public)])
    async def hopping(found: Annotated[int, Depends(plain)]) -> int:
        return found

    with pytest.raises(RuntimeError, match=r"plain.*would run in a thread"):
        create_app("assignments", router, title="x", description="x", permitted={"hopping": PUBLIC})
