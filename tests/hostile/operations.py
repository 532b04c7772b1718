"""Every operation the four services offer, as their own OpenAPI documents and routes tell."""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from fastapi import FastAPI

from shared.auth import EVERYONE
from shared.migrations import SERVICES
from shared.permissions import Permission

Schema = dict[str, Any]
JSON = "application/json"
FORM = "multipart/form-data"


@dataclass(frozen=True)
class Operation:
    """One operation; `schemas` are its document's components, `roles` those it is open to."""

    service: str
    method: str
    path: str
    name: str
    parameters: list[Schema]
    body: Schema | None
    media: str | None
    roles: list[str]
    schemas: dict[str, Schema]

    def __str__(self) -> str:
        return f"{self.service}-{self.name}"

    def placed(self, where: str) -> list[Schema]:
        """Its parameters in the path, the query or the headers."""
        return [one for one in self.parameters if one["in"] == where]

    @property
    def takes_json(self) -> bool:
        return self.media == JSON


def app_of(service: str) -> FastAPI:
    found: FastAPI = importlib.import_module(f"services.{service}.main").app
    return found


@cache
def operations() -> list[Operation]:
    """All of them; each service's platform operations are its own too."""
    return [found for service in SERVICES for found in _of(service)]


def _of(service: str) -> Iterator[Operation]:
    app = app_of(service)
    document = app.openapi()
    for path, item in document["paths"].items():
        for method, told in item.items():
            content = told.get("requestBody", {}).get("content", {})
            media = next(iter(content), None)
            yield Operation(
                service=service,
                method=method.upper(),
                path=path,
                name=told["operationId"],
                parameters=told.get("parameters", []),
                body=content[media].get("schema", {}) if media else None,
                media=media,
                roles=_roles(app.state.permissions[told["operationId"]]),
                schemas=document["components"]["schemas"],
            )


def _roles(permission: Permission) -> list[str]:
    """Who may call it; whom a public one does not mind."""
    return sorted(permission.reach or EVERYONE)
