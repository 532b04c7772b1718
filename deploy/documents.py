"""`python -m deploy.documents docs`: write the OpenAPI and AsyncAPI documents from the code."""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from shared.asyncapi import document
from shared.migrations import SERVICES


def documents() -> dict[str, dict[str, Any]]:
    """File name → document, for every contract we publish."""
    found = {"asyncapi.json": document()}
    for service in SERVICES:
        app = import_module(f"services.{service}.main").app
        found[f"openapi/{service}.json"] = app.openapi()
    return found


def rendered(found: dict[str, Any]) -> str:
    """As it is checked in: readable, and the same on any machine."""
    return json.dumps(found, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Write them all into the folder named on the command line."""
    folder = Path(sys.argv[1])
    for name, found in documents().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(rendered(found), encoding="utf-8")


if __name__ == "__main__":
    main()
