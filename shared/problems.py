"""Refusals as RFC 9457 problem details: one shape, a stable `code`, never an echo of the input."""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import structlog
from asyncpg import InterfaceError as DriverError
from asyncpg import PostgresError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from pydantic_core import to_json
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.auth import Unauthenticated
from shared.clients.base import CalleeAway
from shared.errors import (
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    NotFound,
    Unavailable,
    VersionMismatch,
    VersionRequired,
)
from shared.limits import TooManyRequests
from shared.text import UNFIT

MEDIA_TYPE: Final = "application/problem+json"
# Named in one answer; the rest are counted.
MOST_ERRORS: Final = 100
STATUS: Final[Mapping[type[DomainError], int]] = {
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    VersionMismatch: 412,
    Invalid: 422,
    VersionRequired: 428,
    Unavailable: 503,
    TooManyRequests: 429,
}
# Connection failures, too many connections, shutdown, cancelled statements, lock time-outs.
_OUTAGE: Final = re.compile(r"^(08|53|57|55P03|25006|40001|40P01)")

logger = structlog.get_logger(__name__)


class FieldError(BaseModel):
    """What is wrong with one part of the request; `field` is its path, `code` is stable."""

    field: str = Field(examples=["body.due_on"], max_length=300)
    code: str = Field(examples=["date_from_datetime_parsing"], max_length=100)
    message: str = Field(examples=["Ожидается дата ГГГГ-ММ-ДД"], max_length=500)


class Problem(BaseModel):
    """An RFC 9457 problem: `code` is for programs, `detail` for people."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:problem:action_not_allowed",
                    "title": "Действие недоступно в этом состоянии",
                    "status": 409,
                    "detail": "Нельзя принять исполнение в состоянии «в работе».",
                    "instance": "/v1/executions/0190c5a0-0000-7000-8000-000000000012/accept",
                    "code": "action_not_allowed",
                    "errors": [],
                    "current": {"state": "in_progress", "version": 5},
                    "request_id": "0190c5a0-0000-7000-8000-000000000001",
                }
            ]
        }
    )

    type: str = Field(max_length=200)
    title: str = Field(max_length=200)
    status: int = Field(ge=400, le=599)
    detail: str = Field(max_length=2000)
    instance: str = Field(max_length=2000)
    code: str = Field(max_length=100)
    errors: list[FieldError] = Field(default_factory=list, max_length=MOST_ERRORS)
    current: dict[str, str | int] | None = Field(
        default=None, description="Состояние, которое помешало, каким оно стало"
    )
    request_id: str | None = Field(default=None, max_length=100)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses=` entry for the refusals a route can give."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


_MESSAGES: Final[Mapping[str, str]] = {
    "missing": "Обязательное поле",
    "extra_forbidden": "Лишнее поле",
    "field_given_twice": "Поле указано дважды",
    "too_many_fields": "Слишком много полей в одном объекте",
    "too_many_values": "Слишком много значений в запросе",
    "string_too_short": "Слишком коротко",
    "string_too_long": "Слишком длинно",
    "string_type": "Ожидается строка",
    "string_pattern_mismatch": "Неверный формат",
    "forbidden_characters": "Недопустимые управляющие или невидимые символы",
    "int_type": "Ожидается целое число",
    "int_parsing": "Ожидается целое число",
    "int_from_float": "Ожидается целое число",
    "bool_type": "Ожидается true или false",
    "bool_parsing": "Ожидается true или false",
    "uuid_parsing": "Ожидается UUID",
    "uuid_type": "Ожидается UUID",
    "time_parsing": "Ожидается время ЧЧ:ММ",
    "date_type": "Ожидается дата ГГГГ-ММ-ДД",
    "date_parsing": "Ожидается дата ГГГГ-ММ-ДД",
    "date_from_datetime_parsing": "Ожидается дата ГГГГ-ММ-ДД",
    "date_from_datetime_inexact": "Ожидается дата ГГГГ-ММ-ДД",
    "datetime_parsing": "Ожидается момент времени RFC 3339",
    "datetime_from_date_parsing": "Ожидается момент времени RFC 3339",
    "datetime_type": "Ожидается момент времени RFC 3339",
    "instant_out_of_range": "Момент вне допустимого диапазона (2020–2099)",
    "timezone_aware": "Нужен часовой пояс: Z или смещение (в адресной строке + пишется как %2B)",
    "enum": "Значение не из списка",
    "literal_error": "Значение не из списка",
    "greater_than_equal": "Меньше допустимого",
    "less_than_equal": "Больше допустимого",
    "list_type": "Ожидается список",
    "too_long": "Слишком много элементов",
    "too_short": "Слишком мало элементов",
    "model_attributes_type": "Ожидается объект JSON",
    "dict_type": "Ожидается объект JSON",
    "json_invalid": "Тело запроса — не JSON",
    "url_parsing": "Ожидается адрес (URL)",
    "value_error": "Недопустимое значение",
    "unknown_parameter": "Неизвестный параметр",
}
_HTTP: Final[Mapping[int, tuple[str, str, str]]] = {
    400: ("malformed", "Запрос не разобран", "Тело запроса не удалось прочитать."),
    404: ("not_found", "Не найдено", "Такого адреса нет."),
    405: ("method_not_allowed", "Метод не поддерживается", "Этот метод здесь не поддерживается."),
    413: ("body_too_large", "Слишком большой запрос", "Тело запроса больше 1 МиБ."),
}


def _answer(
    request: Request,
    *,
    status: int,
    code: str,
    title: str,
    detail: str,
    errors: Sequence[FieldError] = (),
    current: Mapping[str, str | int] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    problem = Problem(
        type=f"urn:problem:{code}",
        title=title,
        status=status,
        detail=detail[:2000],
        instance=request.url.path[:2000],
        code=code,
        errors=list(errors)[:MOST_ERRORS],
        current=dict(current) if current else None,
        request_id=request_id,
    )
    # Serialised leniently: a path may hold what UTF-8 cannot.
    body = to_json(problem.model_dump(), inf_nan_mode="null")
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)


async def _on_domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    return refused(request, error)


def refused(request: Request, error: DomainError) -> Response:
    """A refusal as an answer."""
    status = status_of(error)
    errors = []
    if error.field:
        errors = [FieldError(field=error.field, code=error.code, message=str(error)[:500])]
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}.get(status)
    if isinstance(error, TooManyRequests):
        headers = {"Retry-After": str(error.retry_after)}
    return _answer(
        request,
        status=status,
        code=error.code,
        title=error.title,
        detail=str(error),
        errors=errors,
        current=error.current,
        headers=headers,
    )


def status_of(error: DomainError) -> int:
    """The HTTP status of a refusal."""
    return next(code for kind, code in STATUS.items() if isinstance(error, kind))


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    # Where null would do as well, that is not what was wrong with what is no null.
    found = [item for item in found if item["type"] != "none_required"] or found
    malformed = any(item["type"] == "json_invalid" for item in found)
    errors = [
        FieldError(
            field=".".join(str(part)[:60] for part in _place(item, error.body))[:300],
            code=str(item["type"])[:100],
            message=_message(item),
        )
        for item in found[:MOST_ERRORS]
    ]
    first = errors[0]
    more = f" Всего ошибок: {len(found)}, названы первые {len(errors)}."
    return _answer(
        request,
        status=400 if malformed else 422,
        code="malformed" if malformed else "invalid_request",
        title="Запрос не разобран" if malformed else "Запрос заполнен неверно",
        detail=f"{first.field}: {first.message}{more if len(found) > len(errors) else ''}",
        errors=errors,
    )


def _place(item: Mapping[str, Any], body: Any) -> list[Any]:
    """The field as the client wrote it: what is last and not there is the name of a type tried."""
    steps = list(item["loc"])
    if steps[:1] != ["body"] or len(steps) < 3 or item["type"] == "missing":
        return steps
    value = body
    for step in steps[1:-1]:
        if (isinstance(value, Mapping) and step in value) or (
            isinstance(value, list) and isinstance(step, int) and step < len(value)
        ):
            value = value[step]
        else:
            return steps
    if isinstance(value, Mapping):
        is_there = steps[-1] in value
    else:
        is_there = isinstance(value, list) and isinstance(steps[-1], int)
    return steps if is_there else steps[:-1]


def _message(item: Mapping[str, Any]) -> str:
    if item["type"] == UNFIT:
        return str(item["msg"])[:500]
    kind = str(item["type"])
    # Pydantic says so of a text, too, where two limits are put on it.
    if kind in ("too_long", "too_short") and isinstance(item.get("input"), str):
        kind = f"string_{kind}"
    return _MESSAGES.get(kind, "Недопустимое значение")


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code
    phrase = HTTPStatus(status).phrase
    code, title, detail = _HTTP.get(status, (phrase.lower().replace(" ", "_"), phrase, phrase))
    headers = error.headers
    if status == HTTPStatus.METHOD_NOT_ALLOWED and (methods := _allowed(request)):
        headers = {"Allow": ", ".join(sorted(methods))}
    return _answer(request, status=status, code=code, title=title, detail=detail, headers=headers)


def _allowed(request: Request) -> set[str]:
    """The methods of the address: each of its operations is a route that knows its own alone."""
    state, path = request.app.state, request.scope["path"]
    return {
        method
        for one in state.operations
        if one.path_regex.match(path)
        and not any(other.match(path) for other in state.nearer.get(one.path, ()))
        for method in one.methods
    }


def _try_again(request: Request, code: str, title: str, detail: str) -> Response:
    return _answer(
        request, status=503, code=code, title=title, detail=detail, headers={"Retry-After": "1"}
    )


async def _on_database_error(request: Request, error: Exception) -> Response:
    """An outage is a 503 the caller may retry; anything else is our bug."""
    sqlstate = getattr(getattr(error, "orig", error), "sqlstate", None) or ""
    outage = (
        isinstance(error, PoolTimeout | InterfaceError | OperationalError | OSError | DriverError)
        or _OUTAGE.match(sqlstate)
        or (isinstance(error, DBAPIError) and error.connection_invalidated)
    )
    if not outage:
        return await on_bug(request, error)
    logger.warning("database away", error=repr(error))
    return _try_again(
        request,
        "database_unavailable",
        "Временно недоступно",
        "База данных временно недоступна. Повторите запрос.",
    )


async def _on_callee_away(request: Request, error: Exception) -> Response:
    """Another service does not answer: it is not our database, and it passes."""
    logger.warning("another service is away", error=repr(error))
    return _try_again(
        request,
        "callee_unavailable",
        "Временно недоступно",
        "Соседний сервис временно не отвечает. Повторите запрос.",
    )


async def on_bug(request: Request, error: Exception) -> Response:
    """The answer to what should not have happened; the log has the rest."""
    logger.error("unexpected failure", exc_info=error, path=request.url.path)
    return _answer(
        request,
        status=500,
        code="internal_error",
        title="Внутренняя ошибка",
        detail="Что-то пошло не так. Сообщите request_id поддержке.",
    )


def too_large(request: Request, limit: int) -> Response:
    """The refusal of a body over the limit in bytes."""
    code, title, _ = _HTTP[413]
    detail = f"Тело запроса больше {limit // 1024**2} МиБ."
    return _answer(request, status=413, code=code, title=title, detail=detail)


def too_long(request: Request) -> Response:
    """The refusal of an address over the limit."""
    return _answer(
        request,
        status=414,
        code="address_too_long",
        title="Слишком длинный адрес",
        detail="Адрес или параметры запроса слишком длинные.",
    )


def headers_too_large(request: Request) -> Response:
    """The refusal of headers over the limit."""
    return _answer(
        request,
        status=431,
        code="headers_too_large",
        title="Слишком большие заголовки",
        detail="Заголовки запроса слишком большие.",
    )


def overloaded(request: Request) -> Response:
    """The refusal of one request more than the process has in hand."""
    return _try_again(
        request,
        "overloaded",
        "Сервис перегружен",
        "Запросов больше, чем сервис успевает выполнить. Повторите через секунду.",
    )


def too_slow(request: Request) -> Response:
    """The answer in place of one whose body does not come; the rest of it is not waited for."""
    return _answer(
        request,
        status=408,
        code="body_too_slow",
        title="Тело запроса не пришло",
        detail="Тело запроса передаётся слишком медленно. Повторите запрос целиком.",
        headers={"Retry-After": "1", "Connection": "close"},
    )


def timed_out(request: Request) -> Response:
    """The answer in place of one that did not begin in time."""
    return _try_again(
        request,
        "timed_out",
        "Запрос выполнялся слишком долго",
        "Ответ не готов вовремя. Повторите запрос с тем же Idempotency-Key.",
    )


def install(app: FastAPI) -> None:
    """Answer every refusal and failure of the app as a problem.

    The handlers are coroutines although nothing in them waits: others would run in a thread.
    """
    app.add_exception_handler(DomainError, _on_domain_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)
    for outage in (DBAPIError, PostgresError, DriverError, PoolTimeout, OSError):
        app.add_exception_handler(outage, _on_database_error)
    app.add_exception_handler(CalleeAway, _on_callee_away)
    app.add_exception_handler(Exception, on_bug)
