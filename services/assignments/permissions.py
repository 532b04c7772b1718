"""Who may call what of the assignments, and whose executions it reaches.

A cluster's rows are what it owes and what its co-executors owe it. Which party an actor is to an
execution within its rows, and so whose move it is, `domain.executions.RULES` says.
"""

from typing import Final

from shared.auth import EVERYONE, Role, Rows, Scope
from shared.permissions import ANYONE, Table, allow, of

ADMIN: Final = of(Rows.ALL, Role.CUR_ADMIN)
CENTRE: Final = of(Rows.ALL, Role.CUR_ADMIN, Role.CUR_CONTROLLER)
AUDITOR: Final = of(Rows.ALL, Role.AUDITOR)
ONLOOKERS: Final = of(Rows.ALL, Role.SECRETARY, Role.OPERATOR, Role.AUDITOR)
SERVICES: Final = of(Rows.ALL, Role.SERVICE)
MACHINES: Final = of(Rows.ALL, Role.SERVICE, Role.PLATFORM)
COORDINATOR: Final = of(Rows.REGION, Role.COORDINATOR)
COORDINATORS: Final = of(Rows.REGION, Role.COORDINATOR, Role.DEPUTY)
HEAD: Final = of(Rows.REGION, Role.AUTHORITY_HEAD)
REGIONAL: Final = COORDINATORS | HEAD
CLUSTER: Final = of(Rows.CLUSTER, Role.CLUSTER)
ASSOCIATION: Final = of(Rows.INDUSTRY, Role.ASSOCIATION)
OWNER: Final = of(Rows.OWN, *EVERYONE)

READ: Final = allow(CENTRE, ONLOOKERS, MACHINES, REGIONAL, CLUSTER, ASSOCIATION, scope=Scope.FACTS)
ACT: Final = allow(CENTRE, REGIONAL, CLUSTER)
EXECUTE: Final = allow(REGIONAL, CLUSTER)
OWE: Final = allow(CLUSTER, HEAD)
COORDINATE: Final = allow(COORDINATORS)
# A controller decides where it is named, or nobody is: the assignment says so, not the row.
CONTROL: Final = allow(CENTRE)
# Why a coordinator is away, and what people were written, concerns few.
WATCH: Final = allow(CENTRE, AUDITOR, REGIONAL)

TABLE: Final[Table] = {
    # What waits for the caller
    "read_inbox": ACT,
    # Assignments: those with an execution among one's rows
    "create_assignment": CONTROL,
    "list_assignments": READ,
    "read_assignment": READ,
    "withdraw_assignment": CONTROL,
    "supersede_assignment": CONTROL,
    "redate_assignment": CONTROL,
    "name_controller": allow(ADMIN),
    "list_recurrences": READ,
    "end_recurrence": CONTROL,
    # One command for many executions
    "command_executions": ACT,
    # The register
    "list_executions": READ,
    "count_executions": READ,
    "export_executions_csv": READ,
    "export_executions_xlsx": READ,
    "chart_executions_by_region": READ,
    "draw_executions_by_region": READ,
    # Saved orders of the register: everyone's own
    "create_view": allow(ANYONE),
    "list_views": allow(OWNER),
    "delete_view": allow(OWNER),
    # Facts, for the rating
    "list_facts": allow(CENTRE, AUDITOR, MACHINES, scope=Scope.FACTS),
    "digest_facts": allow(ADMIN, AUDITOR, SERVICES, scope=Scope.FACTS),
    # An execution
    "read_timeline": READ,
    "read_execution": READ,
    "list_steps": READ,
    "list_actions": READ,
    "acknowledge_execution": allow(REGIONAL),
    "delegate_execution": COORDINATE,
    "start_execution": OWE,
    "submit_execution": OWE,
    "pre_check_execution": COORDINATE,
    # A lead takes or returns what its co-executors hand in.
    "return_execution": allow(CENTRE, COORDINATORS, CLUSTER),
    "forward_execution": COORDINATE,
    "accept_execution": allow(CENTRE, CLUSTER),
    "accept_part_of_execution": CONTROL,
    "redate_execution": CONTROL,
    "withdraw_execution": CONTROL,
    "supersede_execution": CONTROL,
    # Requests for a later date
    "list_extensions": READ,
    "request_extension": EXECUTE,
    "cancel_extension": EXECUTE,
    "grant_extension": CONTROL,
    "refuse_extension": CONTROL,
    # Files
    "upload_file": EXECUTE,
    "list_files": READ,
    "read_file": READ,
    "download_file": READ,
    # One's own only: of the others it is told why not.
    "delete_file": EXECUTE,
    # Sub-tasks: a coordinator's to its clusters
    "list_subtasks": READ,
    "create_subtask": COORDINATE,
    "complete_subtask": allow(CLUSTER),
    "cancel_subtask": COORDINATE,
    # Who stands in for whom, and what passes by itself
    "add_co_executors": CONTROL,
    "list_absences": WATCH,
    # The coordinator says so, or the centre where the coordinator cannot.
    "create_absence": allow(ADMIN, COORDINATOR),
    "end_absence": allow(ADMIN, COORDINATOR),
    "read_auto_forwarding": allow(CENTRE, ONLOOKERS, MACHINES, REGIONAL, scope=Scope.FACTS),
    "set_auto_forwarding": allow(COORDINATOR),
    # Messages to people
    "list_notifications": WATCH,
    "read_notification": WATCH,
    "resend_notification": CONTROL,
    # The control policy, everyone's to know
    "list_policies": allow(ANYONE),
    "create_policy": allow(ADMIN),
    "resolve_deadline": allow(ANYONE),
}
