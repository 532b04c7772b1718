"""The tables against what people have written down of them, cell by cell and as laws."""

import importlib
from typing import Any, Final

import pytest

from shared.auth import Role, Rows
from shared.migrations import SERVICES
from shared.permissions import PLATFORM, Permission

ALL, REGION, CLUSTER, INDUSTRY, OWN, NOTHING = (
    Rows.ALL,
    Rows.REGION,
    Rows.CLUSTER,
    Rows.INDUSTRY,
    Rows.OWN,
    None,
)

# Written by hand from the specification's roles, not from the tables: the generated tests follow a
# table wherever it goes, these do not.
CELLS: Final[list[tuple[str, str, Role, Rows | None]]] = [
    ("assignments", "read_execution", Role.COORDINATOR, REGION),
    ("assignments", "read_execution", Role.CLUSTER, CLUSTER),
    ("assignments", "read_assignment", Role.COORDINATOR, REGION),
    ("assignments", "list_executions", Role.ASSOCIATION, INDUSTRY),
    ("assignments", "list_executions", Role.AUTHORITY_HEAD, REGION),
    ("assignments", "forward_execution", Role.COORDINATOR, REGION),
    ("assignments", "forward_execution", Role.CUR_ADMIN, NOTHING),
    ("assignments", "accept_execution", Role.CUR_CONTROLLER, ALL),
    ("assignments", "accept_execution", Role.COORDINATOR, NOTHING),
    ("assignments", "accept_execution", Role.CLUSTER, CLUSTER),
    ("assignments", "withdraw_execution", Role.COORDINATOR, NOTHING),
    ("assignments", "command_executions", Role.AUDITOR, NOTHING),
    ("assignments", "download_file", Role.CLUSTER, CLUSTER),
    ("assignments", "list_absences", Role.SECRETARY, NOTHING),
    ("assignments", "digest_facts", Role.PLATFORM, NOTHING),
    ("rating", "acknowledge_slice_letter", Role.AUTHORITY_HEAD, REGION),
    ("rating", "acknowledge_slice_letter", Role.CUR_ADMIN, NOTHING),
    ("rating", "list_slice_letters", Role.OPERATOR, NOTHING),
    ("rating", "read_slice_letter", Role.COORDINATOR, REGION),
    ("rating", "explain_region_rating", Role.COORDINATOR, REGION),
    ("rating", "explain_region_rating", Role.CLUSTER, NOTHING),
    ("rating", "explain_cluster_rating", Role.ASSOCIATION, INDUSTRY),
    ("rating", "file_appeal", Role.CUR_ADMIN, NOTHING),
    ("rating", "uphold_appeal", Role.AUDITOR, NOTHING),
    ("rating", "uphold_appeal", Role.COORDINATOR, NOTHING),
    ("rating", "withdraw_appeal", Role.COORDINATOR, REGION),
    ("rating", "publish_slice", Role.CUR_CONTROLLER, NOTHING),
    ("rating", "rotate_subscription_secret", Role.PLATFORM, OWN),
    ("meetings", "set_process_state", Role.COORDINATOR, REGION),
    ("meetings", "set_process_state", Role.AUDITOR, NOTHING),
    ("meetings", "answer_invitation", Role.CLUSTER, CLUSTER),
    ("meetings", "list_participants", Role.ASSOCIATION, NOTHING),
    ("meetings", "read_protocol_extract", Role.CLUSTER, CLUSTER),
    ("meetings", "revoke_calendar_feed", Role.COORDINATOR, OWN),
    ("meetings", "approve_protocol", Role.COORDINATOR, NOTHING),
    ("meetings", "approve_protocol", Role.AUDITOR, NOTHING),
    ("meetings", "read_attendance_import", Role.COORDINATOR, NOTHING),
    ("directory", "create_appointment", Role.AUTHORITY_HEAD, REGION),
    ("directory", "create_appointment", Role.COORDINATOR, NOTHING),
    ("directory", "create_cluster", Role.COORDINATOR, NOTHING),
    ("directory", "create_person", Role.CLUSTER, NOTHING),
    ("directory", "resolve_addressees", Role.PLATFORM, NOTHING),
]


def application(service: str) -> Any:
    return importlib.import_module(f"services.{service}.main").app


def table_of(service: str) -> dict[str, Permission]:
    found: dict[str, Permission] = application(service).state.permissions
    return found


@pytest.mark.parametrize(("service", "operation", "role", "rows"), CELLS)
def test_a_sensitive_cell_is_what_was_written_down(
    service: str, operation: str, role: Role, rows: Rows | None
) -> None:
    permission = table_of(service)[operation]

    assert not permission.is_public
    assert permission.reach.get(role) is rows


# What an auditor reads of its own alone: what it has saved, and what waits for it.
OF_ONES_OWN: Final = {"list_views", "read_inbox", "list_calendar_feeds"}
# What an auditor may make is a view of its own; a date is worked out by POST and kept nowhere.
OWN_TOOLS: Final = {"create_view", "delete_view", "resolve_deadline"}


@pytest.mark.parametrize("service", SERVICES)
def test_the_auditor_reads_everything_and_changes_nothing(service: str) -> None:
    app = application(service)
    table = table_of(service)
    methods = {
        operation["operationId"]: method
        for path in app.openapi()["paths"].values()
        for method, operation in path.items()
    }
    closed = set()
    changing = set()
    for name, method in methods.items():
        rows = table[name].reach.get(Role.AUDITOR)
        if table[name].is_public:
            continue
        if method == "get" and rows is not Rows.ALL:
            closed.add(name)
        if method != "get" and rows is not None and name not in PLATFORM:
            changing.add(name)
    assert closed - OF_ONES_OWN == set()
    assert changing - OWN_TOOLS == set()
