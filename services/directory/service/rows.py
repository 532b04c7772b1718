"""What every noun's commands have in common."""

from collections.abc import Mapping
from typing import Any

from shared.events.base import Event


def update(row: Any, values: Mapping[str, object]) -> bool:
    """Set what differs; says whether anything did."""
    differing = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in differing.items():
        setattr(row, name, value)
    return bool(differing)


def facts_of(row: Any, event: type[Event]) -> dict[str, Any]:
    """The row's columns that the event carries."""
    found: dict[str, Any] = row.model_dump(include=set(event.model_fields))
    return found
