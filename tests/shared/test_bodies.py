"""Bodies that do not come, that come slowly, or that are made to be costly."""

import asyncio
import importlib
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import APIRouter, Depends, UploadFile
from pydantic import BaseModel, ConfigDict

from shared.app import create_app
from shared.auth import Role, Rows, public
from shared.bodies import MAX_FIELDS, MAX_VALUES
from shared.clock import Clock
from shared.migrations import SERVICES
from shared.permissions import PUBLIC, Acting, allow, of
from shared.problems import MOST_ERRORS
from tests.conftest import Tokens, serve, settings_for

DSN = "postgresql://nobody@127.0.0.1:1/nothing"
PATIENCE_SECONDS = 20


class Taken(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = ""
    numbers: list[int] = []


class Stand:
    """A small service of one process, asked without a server between."""

    def __init__(self, **chosen: Any) -> None:
        router = APIRouter(dependencies=[Depends(public)])
        files = APIRouter()
        self.working = asyncio.Event()
        self.free = asyncio.Event()

        @router.post("/take")
        async def take(body: Taken) -> str:
            return body.name

        @router.post("/hold")
        async def hold(body: Taken) -> str:
            self.working.set()
            await self.free.wait()
            return body.name

        @files.post("/files")
        async def keep(actor: Acting, file: UploadFile) -> int:
            return len(await file.read())

        service = create_app(
            "meetings",
            router,
            files,
            title="x",
            description="x",
            uploads="/files",
            permitted={
                "take": PUBLIC,
                "hold": PUBLIC,
                "keep": allow(of(Rows.ALL, Role.CUR_ADMIN)),
            },
        )
        self.app = serve(service, settings_for(DSN, **chosen), sessions=None, clock=Clock()).app


class Call:
    """One request whose body comes piece by piece, and what it was answered."""

    def __init__(self, stand: Stand, path: str = "/take", **headers: str) -> None:
        told = {"content_type": "application/json"} | headers
        self._pieces: asyncio.Queue[tuple[bytes, bool]] = asyncio.Queue()
        self._listening = asyncio.Event()
        self.was_heard = False
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "http",
            "server": ("test", 80),
            "client": ("127.0.0.1", 1),
            "headers": [
                (name.replace("_", "-").lower().encode(), value.encode())
                for name, value in told.items()
            ],
        }
        self.task = asyncio.ensure_future(stand.app(scope, self._receive, self._send))

    async def _receive(self) -> Any:
        self.was_heard = True
        if self._pieces.empty():
            self._listening.set()
        piece, more = await self._pieces.get()
        return {"type": "http.request", "body": piece, "more_body": more}

    async def _send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            self.body += message.get("body", b"")

    async def begin(self, piece: bytes = b"{") -> "Call":
        """One byte, and silence: until the service waits for more."""
        self.say(piece, more=True)
        await asyncio.wait_for(self._listening.wait(), PATIENCE_SECONDS)
        return self

    def say(self, piece: bytes, *, more: bool) -> None:
        self._pieces.put_nowait((piece, more))

    async def answered(self) -> Any:
        """The answer's JSON."""
        await asyncio.wait_for(self.task, PATIENCE_SECONDS)
        return json.loads(self.body)


@asynccontextmanager
async def calling(stand: Stand) -> AsyncIterator[list[Call]]:
    calls: list[Call] = []
    yield calls
    for call in calls:
        call.task.cancel()
    await asyncio.gather(*(call.task for call in calls), return_exceptions=True)


async def post(stand: Stand, body: bytes, path: str = "/take") -> Call:
    call = Call(stand, path)
    call.say(body, more=False)
    await call.answered()
    return call


def assert_too_slow(call: Call, told: Any) -> None:
    assert (call.status, told["code"]) == (408, "body_too_slow")
    assert call.headers["content-type"] == "application/problem+json"
    assert (call.headers["retry-after"], call.headers["connection"]) == ("1", "close")


async def test_bodies_that_never_end_keep_nobody_out() -> None:
    stand = Stand(requests_in_hand=2, bodies_at_once=3)
    async with calling(stand) as calls:
        for _ in range(7):
            calls.append(await Call(stand).begin())
            assert (await post(stand, b'{"name": "x"}')).status == 200
        # Those that have waited longest have made room for the others.
        for call in calls[:4]:
            assert_too_slow(call, await call.answered())
        assert not any(call.task.done() for call in calls[4:])
        calls[5].say(b'"name": "y"}', more=False)
        assert (await calls[5].answered(), calls[5].status) == ("y", 200)


async def test_who_keeps_sending_is_let_go_after_those_that_do_not() -> None:
    stand = Stand(bodies_at_once=2, body_seconds=5, body_rate=1)
    async with calling(stand) as calls:
        diligent = await Call(stand).begin()
        calls += [diligent, await Call(stand).begin()]
        diligent._listening.clear()
        diligent.say(b" " * 1000, more=True)
        await asyncio.wait_for(diligent._listening.wait(), PATIENCE_SECONDS)
        calls.append(await Call(stand).begin())
        assert_too_slow(calls[1], await calls[1].answered())
        assert not diligent.task.done()


async def test_a_request_is_in_hand_once_its_body_is_there() -> None:
    stand = Stand(requests_in_hand=1)
    async with calling(stand) as calls:
        for _ in range(2):  # What is given back is given back once.
            stand.working.clear()
            stand.free.clear()
            held = await Call(stand, "/hold").begin()
            calls.append(held)
            assert (await post(stand, b"{}")).status == 200
            held.say(b"}", more=False)
            await asyncio.wait_for(stand.working.wait(), PATIENCE_SECONDS)
            assert (await post(stand, b"{}")).status == 503
            stand.free.set()
            await held.answered()
            assert held.status == 200


async def test_a_silent_body_is_not_waited_for() -> None:
    stand = Stand(body_seconds=0.05)
    async with calling(stand) as calls:
        calls.append(await Call(stand).begin())
        assert_too_slow(calls[0], await calls[0].answered())


async def test_a_body_may_not_come_byte_by_byte() -> None:
    stand = Stand(body_seconds=0.5, body_rate=1024 * 1024)
    async with calling(stand) as calls:
        call = await Call(stand).begin()
        calls.append(call)
        for _ in range(100):
            if call.task.done():
                break
            call.say(b" ", more=True)
            await asyncio.sleep(0.05)
        assert_too_slow(call, await call.answered())


async def test_a_slow_and_steady_body_is_no_part_of_the_requests_time() -> None:
    stand = Stand(request_seconds=0.5, body_seconds=5, body_rate=1024)
    async with calling(stand) as calls:
        call = await Call(stand).begin()
        calls.append(call)
        for _ in range(10):
            call.say(b" " * 1024, more=True)
            await asyncio.sleep(0.1)
        call.say(b'"name": "z"}', more=False)
        assert await call.answered() == "z"


@pytest.mark.parametrize(
    ("body", "field", "code"),
    [
        (dict.fromkeys(map(str, range(100_000)), 1), "body", "too_many_fields"),
        (
            {"name": {"deep": [dict.fromkeys(map(str, range(MAX_FIELDS + 1)), 1)]}},
            "body.name.deep.0",
            "too_many_fields",
        ),
        ({"numbers": ["x"] * (MAX_VALUES + 1)}, "body.numbers", "too_many_values"),
        ({"numbers": [[]] * 300_000}, "body.numbers", "too_many_values"),
        ({"numbers": [[1]] * (MAX_VALUES // 2)}, "body.numbers.0", "too_many_values"),
    ],
    ids=["fields", "fields within", "values", "lists", "values of lists"],
)
async def test_a_body_of_very_many_parts_is_refused_before_it_is_looked_into(
    body: Any, field: str, code: str
) -> None:
    call = await post(Stand(), json.dumps(body, separators=(",", ":")).encode())
    told = json.loads(call.body)

    assert (call.status, told["code"]) == (422, "invalid_request")
    assert [(error["field"], error["code"]) for error in told["errors"]] == [(field, code)]


async def test_a_body_as_large_as_may_be_is_taken() -> None:
    many = {"name": "x", "numbers": list(range(MAX_VALUES - 2))}
    assert (await post(Stand(), json.dumps(many).encode())).status == 200
    wide = dict.fromkeys(map(str, range(MAX_FIELDS)), 1)
    told = json.loads((await post(Stand(), json.dumps(wide).encode())).body)
    assert told["errors"][0]["code"] == "extra_forbidden"


async def test_the_first_hundred_of_many_errors_are_named_and_the_rest_counted() -> None:
    call = await post(Stand(), json.dumps({"numbers": ["x"] * 5000}).encode())
    told = json.loads(call.body)

    assert call.status == 422
    assert len(told["errors"]) == MOST_ERRORS
    assert told["errors"][-1]["field"] == f"body.numbers.{MOST_ERRORS - 1}"
    assert "Всего ошибок: 5000" in told["detail"]


async def test_what_only_pretends_to_be_json_is_refused_all_the_same() -> None:
    assert (await post(Stand(), b"{" * 10)).status == 400
    assert (await post(Stand(), "{}".encode("utf-16"))).status == 400


def most(schema: dict[str, Any], schemas: dict[str, Any], within: tuple[str, ...] = ()) -> int:
    """How many values what this describes may have at most; what has no limit has millions."""
    endless = 10**7
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        assert name not in within
        return most(schemas[name], schemas, (*within, name))
    choices = [one for key in ("anyOf", "oneOf", "allOf") for one in schema.get(key, ())]
    if choices:
        return max(most(one, schemas, within) for one in choices)
    if schema.get("type") == "array":
        items: int = schema.get("maxItems", endless)
        return 1 + items * most(schema["items"], schemas, within)
    found = 1 + sum(most(one, schemas, within) for one in schema.get("properties", {}).values())
    if schema.get("type") == "object" and (others := schema.get("additionalProperties")):
        named = len(schema.get("propertyNames", {}).get("enum", ())) or endless
        found += schema.get("maxProperties", named) * most(others, schemas, within)
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_whatever_an_operation_takes_is_not_too_much(service: str) -> None:
    document = importlib.import_module(f"services.{service}.main").app.openapi()
    schemas = document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for kind, body in operation.get("requestBody", {}).get("content", {}).items():
                if kind == "application/json":
                    assert most(body["schema"], schemas) - 1 <= MAX_VALUES, path


OPENING = (
    b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n'
    b"Content-Type: text/plain\r\n\r\n"
)
FORM = {"content_type": "multipart/form-data; boundary=x", "transfer_encoding": "chunked"}


def uploading(stand: Stand, headers: Mapping[str, str]) -> Call:
    return Call(stand, "/files", **(FORM | dict(headers)))


@pytest.mark.parametrize("forged", [None, "Bearer x.y.z", "Basic eDp5"])
async def test_not_a_byte_is_taken_of_a_strangers_file(forged: str | None) -> None:
    call = uploading(Stand(), {"Authorization": forged} if forged else {})
    told = await call.answered()

    assert (call.status, told["code"]) == (401, "unauthenticated")
    assert call.headers["www-authenticate"] == "Bearer"
    assert call.headers["x-request-id"]
    assert not call.was_heard


async def test_who_has_no_token_and_haste_is_told_so_before_the_file_too() -> None:
    stand = Stand(rate_limit=1, rate_burst=1)
    calls = [uploading(stand, {}) for _ in range(2)]
    assert {(await call.answered())["code"] for call in calls} == {
        "unauthenticated",
        "too_many_requests",
    }


async def test_files_come_only_so_many_at_once(token: Tokens) -> None:
    stand = Stand(uploads_at_once=1)
    known = token("cur_admin")
    async with calling(stand) as calls:
        for _ in range(2):  # What is given back is given back once.
            held = await uploading(stand, known).begin(OPENING)
            calls.append(held)
            refused = uploading(stand, known)
            told = await refused.answered()
            assert (refused.status, told["code"]) == (503, "overloaded")
            assert refused.headers["retry-after"] == "1"
            assert not refused.was_heard
            assert (await post(stand, b"{}")).status == 200
            held.say(b"abc\r\n--x--\r\n", more=False)
            assert (await held.answered(), held.status) == (3, 200)
        leaving = await uploading(stand, known).begin(OPENING)
        leaving.task.cancel()
        await asyncio.gather(leaving.task, return_exceptions=True)
        last = uploading(stand, known)
        last.say(OPENING + b"\r\n--x--\r\n", more=False)
        assert (await last.answered(), last.status) == (0, 200)
