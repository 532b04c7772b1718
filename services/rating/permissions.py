"""Who may call what of the rating, and whose rows it reaches.

The lines are public or for everyone; what they are made of is for whom it concerns.
"""

from typing import Final

from shared.auth import Role, Rows, Scope
from shared.permissions import ANYONE, PUBLIC, Table, allow, of

ADMIN: Final = of(Rows.ALL, Role.CUR_ADMIN)
CENTRE: Final = of(Rows.ALL, Role.CUR_ADMIN, Role.CUR_CONTROLLER)
AUDITOR: Final = of(Rows.ALL, Role.AUDITOR)
REGIONAL: Final = of(Rows.REGION, Role.COORDINATOR, Role.DEPUTY, Role.AUTHORITY_HEAD)
HEAD: Final = of(Rows.REGION, Role.AUTHORITY_HEAD)
# Those whose work is the whole country, people and machines.
COUNTRY: Final = of(Rows.ALL, *CENTRE, Role.SECRETARY, Role.OPERATOR, Role.AUDITOR)
MACHINES: Final = of(Rows.ALL, Role.PLATFORM, Role.SERVICE)
OF_A_CLUSTER: Final = of(Rows.CLUSTER, Role.CLUSTER) | of(Rows.INDUSTRY, Role.ASSOCIATION)

LINES: Final = allow(ANYONE)
# Executions one by one, and what follows from them.
WORK: Final = allow(COUNTRY, REGIONAL, MACHINES, scope=Scope.FACTS)
WORK_OF_CLUSTERS: Final = allow(COUNTRY, REGIONAL, OF_A_CLUSTER, MACHINES, scope=Scope.FACTS)
# A letter names the head it is written to.
LETTERS: Final = allow(CENTRE, AUDITOR, REGIONAL)
# Whoever subscribes owns the subscription; a platform knows of its own only.
SUBSCRIBING: Final = allow(of(Rows.OWN, Role.CUR_ADMIN, Role.PLATFORM), scope=Scope.SUBSCRIPTIONS)
KEEPING: Final = allow(ADMIN, of(Rows.OWN, Role.PLATFORM), scope=Scope.SUBSCRIPTIONS)
LOOKING: Final = allow(ADMIN, AUDITOR, of(Rows.OWN, Role.PLATFORM), scope=Scope.SUBSCRIPTIONS)

TABLE: Final[Table] = {
    # Ratings as files
    "export_region_ratings": PUBLIC,
    "export_region_explanation": WORK,
    "export_cluster_ratings": LINES,
    "export_cluster_explanation": WORK_OF_CLUSTERS,
    "export_group_ratings": LINES,
    # Regions
    "list_region_ratings": PUBLIC,
    "read_region_rating": LINES,
    "explain_region_rating": WORK,
    "list_region_actions": WORK,
    "read_region_corridor": WORK,
    "read_trends": PUBLIC,
    "read_region_history": PUBLIC,
    # Clusters
    "list_cluster_ratings": LINES,
    "read_cluster_rating": LINES,
    "explain_cluster_rating": WORK_OF_CLUSTERS,
    # How fair it is, and how quick ЦУР
    "read_accountability": PUBLIC,
    "audit_rating": PUBLIC,
    # The live board
    "stream_ratings": PUBLIC,
    "show_badge": PUBLIC,
    # Districts, cohorts, industries
    "list_group_ratings": LINES,
    # Appeals
    "file_appeal": allow(REGIONAL),
    "list_appeals": WORK,
    "read_appeal": WORK,
    "uphold_appeal": allow(CENTRE),
    "reject_appeal": allow(CENTRE),
    "withdraw_appeal": allow(REGIONAL),
    # Slices
    "export_slice": PUBLIC,
    "export_slice_explanation": WORK,
    "list_slices": PUBLIC,
    "read_slice": PUBLIC,
    "explain_slice": WORK,
    "verify_slice": LINES,
    "revise_slice": allow(ADMIN),
    "publish_slice": allow(ADMIN),
    # Letters of slices
    "list_slice_letters": LETTERS,
    "read_slice_letter": LETTERS,
    "show_slice_letter": LETTERS,
    "show_slice_letter_table": LETTERS,
    "resend_slice_letter": allow(ADMIN),
    "record_letter_delivery": allow(ADMIN),
    "acknowledge_slice_letter": allow(HEAD),
    # Methodologies
    "list_methodologies": PUBLIC,
    "create_methodology": allow(ADMIN),
    "read_methodology": PUBLIC,
    "change_methodology": allow(ADMIN),
    "shadow_methodology": allow(ADMIN),
    "activate_methodology": allow(ADMIN),
    "discard_methodology": allow(ADMIN),
    "compare_methodology": LINES,
    "list_methodology_acts": LINES,
    # Reconciliations
    "request_reconciliation": allow(ADMIN),
    "list_reconciliations": allow(CENTRE, AUDITOR),
    "read_reconciliation": allow(CENTRE, AUDITOR),
    # Subscriptions
    "create_subscription": SUBSCRIBING,
    "list_subscriptions": LOOKING,
    "read_subscription": LOOKING,
    "change_subscription": KEEPING,
    "delete_subscription": KEEPING,
    "enable_subscription": KEEPING,
    "rotate_subscription_secret": KEEPING,
    "test_subscription": KEEPING,
    "replay_subscription": KEEPING,
    # Deliveries
    "list_deliveries": LOOKING,
    "read_delivery": LOOKING,
    "retry_delivery": KEEPING,
    # Pages
    "show_board": PUBLIC,
    "show_conference": PUBLIC,
    "show_embedded": PUBLIC,
    "show_region": PUBLIC,
    "show_slices": PUBLIC,
    "show_slice": PUBLIC,
    # Links of letters: whoever has one has the e-mail
    "show_acknowledgement": PUBLIC,
    "acknowledge_by_link": PUBLIC,
}
