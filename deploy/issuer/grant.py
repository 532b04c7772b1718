"""The client credentials grant: a token request judged, and its refusals, as RFC 6749 has them."""

import base64
import hmac
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote_plus

from deploy.issuer.clients import Claims, claims_of, scope_of

SECRET: Final = "dev"  # noqa: S105
MAX_FIELDS: Final = 20


class Refused(Exception):
    """The token is not given; `code` and `status` are those of RFC 6749 §5.2."""

    def __init__(self, code: str, description: str, *, status: int = 400) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.status = status


@dataclass(frozen=True)
class Granted:
    """Who gets a token, with what rows and scope."""

    client_id: str
    claims: Claims
    scope: str


def grant(authorization: str | None, content_type: str, body: bytes) -> Granted:
    """Judge one request to the token endpoint. Raises `Refused`."""
    form = _form(content_type, body)
    if "grant_type" not in form:
        raise Refused("invalid_request", "Не указан grant_type.")
    if form["grant_type"] != "client_credentials":
        raise Refused("unsupported_grant_type", "Поддерживается только client_credentials.")
    client_id, secret = _credentials(authorization, form)
    claims = claims_of(client_id)
    if claims is None:
        raise Refused("invalid_client", "Такого client_id нет.", status=401)
    if not hmac.compare_digest(secret.encode(), SECRET.encode()):
        raise Refused("invalid_client", "Неверный client_secret.", status=401)
    scope = scope_of(claims, form.get("scope", ""))
    if scope is None:
        raise Refused("invalid_scope", "Такой области у клиента нет.")
    return Granted(client_id, claims, scope)


def _form(content_type: str, body: bytes) -> dict[str, str]:
    if content_type.partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise Refused("invalid_request", "Нужна форма application/x-www-form-urlencoded.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            max_num_fields=MAX_FIELDS,
            errors="strict",
        )
    except ValueError as error:
        raise Refused("invalid_request", "Форма не читается.") from error
    form = dict(pairs)
    if len(form) != len(pairs):
        raise Refused("invalid_request", "Поле формы повторяется.")
    return form


def _credentials(authorization: str | None, form: dict[str, str]) -> tuple[str, str]:
    if authorization is None:
        if "client_id" not in form:
            raise Refused("invalid_client", "Не указаны client_id и client_secret.", status=401)
        return form["client_id"], form.get("client_secret", "")
    if "client_secret" in form:
        raise Refused("invalid_request", "Секрет передан двумя способами сразу.")
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise Refused("invalid_client", "Поддерживается только HTTP Basic.", status=401)
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except ValueError as error:
        raise Refused("invalid_client", "Заголовок Basic не читается.", status=401) from error
    client_id, _, secret = decoded.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)
