"""Who may ask for a token: the client id names the role, and the row that is the client's own."""

import re
from collections.abc import Mapping
from typing import Final
from uuid import UUID

Claims = Mapping[str, list[str]]

ROLES: Final = (
    "cur_admin",
    "cur_controller",
    "secretary",
    "auditor",
    "platform",
    "operator",
)
REGIONAL: Final = ("coordinator", "deputy", "authority_head")
_REGION: Final = re.compile(r"[0-9]{2}")
_CODE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

# What a service account may be given, by its role; all of it where it asks for nothing.
SCOPES: Final[Mapping[str, tuple[str, ...]]] = {
    "service": ("feed:read", "facts:read", "addressees:resolve"),
    "platform": ("facts:read", "subscriptions:write"),
}

# What the page of the issuer lists: an example and what it stands for.
EXAMPLES: Final = (
    ("cur_admin", "администратор ЦУР"),
    ("cur_controller", "контролёр ЦУР: принимает и возвращает отчёты"),
    ("cur_controller-ivanova", "контролёр ЦУР, названный в поручении"),
    ("secretary", "секретарь совещаний"),
    ("auditor", "аудитор: только чтение"),
    ("platform", "платформа мониторинга"),
    ("operator", "оператор федерального проекта"),
    ("operator-irpo", "оператор с кодом организации"),
    ("coordinator-16", "региональный координатор субъекта 16"),
    ("deputy-16", "заместитель координатора: действует, пока координатора нет"),
    ("authority_head-16", "руководитель РОИВ субъекта 16"),
    ("cluster-00000000-0000-7000-8000-000000000001", "кластер с этим идентификатором"),
    ("association-metallurgy", "ассоциация кластеров отрасли"),
    ("service-rating", "сервис системы"),
)


def claims_of(client_id: str) -> Claims | None:
    """Roles and rows of the client, or None where there is no such client."""
    if client_id in ROLES:
        return {"roles": [client_id]}
    role, _, row = client_id.partition("-")
    if role in REGIONAL and _REGION.fullmatch(row):
        return {"roles": [role], "regions": [row]}
    if role == "cluster" and _is_uuid(row):
        return {"roles": [role], "clusters": [row]}
    if role == "association" and _CODE.fullmatch(row):
        return {"roles": [role], "industries": [row]}
    if role in ("operator", "service", "cur_controller") and _CODE.fullmatch(row):
        return {"roles": [role]}
    return None


def scope_of(claims: Claims, asked: str) -> str | None:
    """The scope of the token: what was asked for, all there is, or None where that is too much.

    People have no scopes: what a page of theirs asks for is passed by.
    """
    allowed = [scope for role in claims["roles"] for scope in SCOPES.get(role, ())]
    if not allowed:
        return ""
    given = asked.split() or allowed
    return " ".join(given) if set(given) <= set(allowed) else None


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False
