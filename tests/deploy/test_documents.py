"""The page of permissions says what the tables say."""

from typing import Final

import pytest

from deploy.documents import permissions
from services.rating.main import app
from shared.auth import Role
from shared.permissions import PLATFORM

PAGE: Final = permissions({"rating": app})
_NONE: Final = " | —"


@pytest.mark.parametrize(
    "line",
    [
        "| `GET /v1/slices` | Срезы | **без токена** |" + "  |" * len(Role),
        # The region's three, and nobody else.
        "| `POST /v1/appeals` | Подать апелляцию | "
        + _NONE * 3
        + " | регион | регион | — | регион"
        + _NONE * 5
        + " |",
        "| `DELETE /v1/subscriptions/{subscription_id}` | Удалить подписку | `subscriptions:write`"
        " | все" + _NONE * 9 + " | своё | — |",
        "| `authority_head` | глава органа власти |",
    ],
)
def test_a_cell_says_whose_rows_and_a_line_what_is_needed_besides(line: str) -> None:
    assert line in PAGE


def test_every_operation_has_one_line_though_services_share_the_platforms() -> None:
    both = permissions({"rating": app, "again": app})

    for route in app.state.operations:
        [method] = route.methods
        lines = both.count(f"\n| `{method} {route.path}` | ")
        assert lines == (1 if route.name in PLATFORM else 2), route.name
