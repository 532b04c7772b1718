"""What comes around a body: addresses, headers, hosts, methods, and what is said back of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import Response

from shared.clock import Clock
from shared.migrations import SERVICES
from shared.pages import mark, paginate
from tests.conftest import Tokens, serve, settings_for
from tests.hostile.operations import app_of

DSN = "postgresql://nobody@127.0.0.1:1/nothing"
PROBLEM = "application/problem+json"
SPLIT = "x\r\nSet-Cookie: session=stolen\r\n\r\n<script>"
# Nobody has called them so; each is the address of something that is there otherwise.
CROOKED = (
    "/v1/..%2f..%2fetc%2fpasswd",
    "/v1/%2e%2e/%2e%2e/metrics",
    "/v1//audit",
    "/v1/audit%00",
    "/v1/audit%0d%0aSet-Cookie:%20a=b",
    "/v1/audit;jsessionid=1",
    "/V1/AUDIT",
    "/v1/audit%2f",
    "/v1/audit/",
    "/%5c%5cserver%5cshare",
    "/static-offline-docs/..%2f..%2f..%2fetc%2fpasswd",
    "/static-offline-docs/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/v1/audit%ff%fe",
    "/http://169.254.169.254/latest/meta-data",
)


@asynccontextmanager
async def asking(service: str) -> AsyncIterator[httpx.AsyncClient]:
    """A service without a database: whatever is refused here is refused before it."""
    transport = serve(app_of(service), settings_for(DSN), sessions=None, clock=Clock())
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def raw(service: str, headers: list[tuple[bytes, bytes]], **scope: Any) -> list[Any]:
    """What the app sends, asked by a server that lets everything through."""
    transport = serve(app_of(service), settings_for(DSN), sessions=None, clock=Clock())
    sent: list[Any] = []
    asked = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "path": "/livez",
        "raw_path": b"/livez",
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "server": ("test", 80),
        "client": ("127.0.0.1", 1),
        "headers": headers,
        **scope,
    }

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await transport.app(asked, receive, send)
    return sent


@pytest.mark.parametrize("service", SERVICES)
async def test_a_crooked_address_leads_nowhere(service: str, token: Tokens) -> None:
    async with asking(service) as client:
        for path in CROOKED:
            answer = await client.get(path, headers=token("auditor"))
            assert answer.status_code == 404, (path, answer.status_code)
            assert answer.headers["content-type"] == PROBLEM, path
            assert "root:" not in answer.text
            assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("service", SERVICES)
async def test_a_request_id_cannot_split_an_answer(service: str) -> None:
    for given in (SPLIT.encode(), b"\x00", b"\xff\xfe", "я".encode(), b"x" * 65, b"a\tb", b""):
        start, *_ = await raw(service, [(b"x-request-id", given)])
        headers = dict(start["headers"])
        assert start["status"] == 200
        assert len(headers[b"x-request-id"]) == 36, given
        assert not any(b"\r" in value or b"\n" in value for value in headers.values())
        assert b"set-cookie" not in headers


def test_the_link_to_a_next_page_cannot_split_an_answer() -> None:
    asked = {
        "type": "http",
        "path": "/v1/x\r\nA: b",
        "query_string": b"q=a%0d%0aSet-Cookie:%20b%3E;rel=x",
        "headers": [(b"host", b"evil.example\r\nX: y")],
        "scheme": "http",
        "server": ("test", 80),
    }
    given = Response()
    paginate([1, 2], 1, lambda row: row, request=Request(asked), response=given)
    link = given.headers["Link"]
    assert not {"\r", "\n"} & set(link)
    assert "evil" not in link
    assert link.count(">") == 1


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:443", "test@evil.example", "", "a" * 300, "[::1]:1", "€"]
)
async def test_the_host_a_client_names_is_believed_in_nothing(service: str, host: str) -> None:
    for extra in ([], [(b"x-forwarded-host", b"evil.example"), (b"forwarded", b"host=evil")]):
        for path in ("/livez", "/v1/no-such", "/v1/audit/", "/openapi.json", "/docs"):
            start, *rest = await raw(
                service,
                [(b"host", host.encode()), *extra],
                path=path,
                raw_path=path.encode(),
            )
            said = repr(start) + repr(rest)
            assert start["status"] in (200, 404), path
            assert "evil" not in said, path


@pytest.mark.parametrize("service", SERVICES)
async def test_a_method_is_what_the_request_line_says(service: str, token: Tokens) -> None:
    async with asking(service) as client:
        for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"):
            answer = await client.post("/livez", headers={header: "GET"})
            assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
        assert (await client.post("/livez?_method=GET")).status_code == 405
        for method in ("TRACE", "CONNECT", "PROPFIND", "GE", "DELETE\x00"):
            answer = await client.request(method, "/v1/audit", headers=token("auditor"))
            assert answer.status_code == 405, method
            assert answer.headers["content-type"] == PROBLEM


@pytest.mark.parametrize("service", SERVICES)
async def test_very_many_headers_and_a_very_long_address_are_refused(service: str) -> None:
    start, *_ = await raw(service, [(f"x-{number}".encode(), b"1" * 20) for number in range(5000)])
    assert start["status"] == 431
    start, *_ = await raw(service, [], query_string=b"a=1&" * 100_000)
    assert start["status"] == 414
    async with asking(service) as client:
        many = "&".join(f"p{number}=1" for number in range(1000))
        answer = await client.get(f"/v1/audit?{many}")
    assert answer.status_code in (414, 422)
    assert len(answer.json()["errors"]) <= 20


JUNK_HEADERS = {
    "If-Match": ("*", 'W/"v1"', "v1", '"v-1"', '"v99999999999999999999"', '"v1", "v2"', '"v١"', ""),
    "Idempotency-Key": ("", " ", "a b", "я", "x" * 201, "a\x00b", "a\tb"),
    "If-None-Match": ("*", '"' + "x" * 190 + '"', "W/"),
    "Last-Event-ID": ("-1", "1" * 19, "x", "1.5", "१", "9F1C02AB-1", "9f1c02ab-", "9f1c02ab-१"),
    "Range": ("bytes=0-", "bytes=-1", "bytes=9-1", "bytes=" + "0-1," * 500, "lines=1"),
}
# Who is to be asked with the header, and whether junk in it is refused or passed over.
ASKED = (
    ("directory", "PATCH", "/v1/clusters/0190c5a0-0000-7000-8000-000000000012", "If-Match", True),
    ("directory", "POST", "/v1/people", "Idempotency-Key", True),
    ("rating", "GET", "/v1/ratings/stream", "Last-Event-ID", True),
    ("directory", "GET", "/v1/industries", "Range", False),
)


@pytest.mark.parametrize(
    ("service", "method", "path", "header", "refused"), ASKED, indirect=["service"]
)
async def test_junk_in_a_header_is_refused_by_its_name_or_passed_over(
    client: httpx.AsyncClient,
    token: Tokens,
    method: str,
    path: str,
    header: str,
    refused: bool,
) -> None:
    for junk in JUNK_HEADERS[header]:
        answer = await client.request(
            method,
            path,
            # As bytes, as they come: some are none of the characters a header may have.
            headers=[
                *((name.encode(), value.encode()) for name, value in token("cur_admin").items()),
                (header.encode(), junk.encode()),
            ],
            json=None if method == "GET" else {},
        )
        named = [error["field"].lower() for error in answer.json().get("errors", [])]
        if refused:
            assert answer.status_code == 422, (junk, answer.text)
            assert f"header.{header.lower()}" in named, (junk, answer.text)
        else:
            assert answer.status_code == 200


async def test_a_mark_is_of_the_address_and_the_filter_and_not_of_the_page() -> None:
    given = mark("/v1/x", [("b", "2"), ("a", "1")])
    assert given == mark("/v1/x", [("a", "1"), ("limit", "5"), ("b", "2"), ("cursor", "z")])
    others = {
        mark("/v1/y", [("a", "1"), ("b", "2")]),
        mark("/v1/x", [("a", "1")]),
        mark("/v1/x", [("a", "1&b=2")]),
        mark("/v1/x", [("a", "2"), ("b", "1")]),
    }
    assert len(others | {given}) == 5
