"""Who may call what of the directory, and whose rows that reaches.

What is known of regions, clusters and organisations is for every role. An association reads and
runs its own industry only. People are named to those who work with them, and nobody makes a
stranger one of those (`repository/people.py`); their e-mail and phone are for fewer still
(`service/people.py`).
"""

from typing import Final

from shared.auth import EVERYONE, Role, Rows, Scope
from shared.permissions import ANYONE, Table, allow, of

# Whose rows are reached.
ADMIN: Final = of(Rows.ALL, Role.CUR_ADMIN)
CENTRE: Final = of(Rows.ALL, Role.CUR_ADMIN, Role.CUR_CONTROLLER, Role.SECRETARY)
AUDIT: Final = of(Rows.ALL, Role.AUDITOR)
OPERATORS: Final = of(Rows.ALL, Role.OPERATOR)
SERVICES: Final = of(Rows.ALL, Role.SERVICE)
JUDGES: Final = of(Rows.ALL, Role.COORDINATOR, Role.DEPUTY)
SEATED: Final = of(Rows.REGION, Role.COORDINATOR, Role.DEPUTY)
AUTHORITY: Final = of(Rows.REGION, Role.AUTHORITY_HEAD)
ITS_CLUSTER: Final = of(Rows.CLUSTER, Role.CLUSTER)
ITS_INDUSTRY: Final = of(Rows.INDUSTRY, Role.ASSOCIATION)
# What a person has confirmed or published is addressed to everyone; the rest is not there yet.
PUBLISHED: Final = of(Rows.OWN, *EVERYONE)

# What is done with them.
READ: Final = allow(ANYONE)
READ_ITS_OWN: Final = allow(ANYONE, ITS_INDUSTRY)
READ_PUBLISHED: Final = allow(PUBLISHED, ADMIN, AUDIT, ITS_INDUSTRY)
READ_POSTS: Final = allow(CENTRE, AUDIT, SEATED, ITS_INDUSTRY)
READ_REQUESTS: Final = allow(CENTRE, AUDIT, OPERATORS, SERVICES, AUTHORITY)
OVERSEE: Final = allow(ADMIN, AUDIT)
WATCH: Final = allow(CENTRE, AUDIT)
RUN: Final = allow(ADMIN)
POST: Final = allow(CENTRE, ITS_INDUSTRY)
STEWARD: Final = allow(ADMIN, ITS_INDUSTRY)
TAKE_PART: Final = allow(ADMIN, ITS_INDUSTRY, ITS_CLUSTER)

TABLE: Final[Table] = {
    # Regions and industries.
    "read_coverage": READ,
    "list_regions": READ,
    "read_region": READ,
    "list_industries": READ,
    # Addressees, also of other services' letters and assignments.
    "resolve_addressees": allow(CENTRE, SERVICES, scope=Scope.ADDRESSEES),
    # The model of management; names in it as `read_person` shows them.
    "read_model": READ,
    "read_region_model": READ,
    "read_industry_model": READ_ITS_OWN,
    # Reference data.
    "load_reference_data": RUN,
    # Clusters and their life.
    "export_clusters_csv": READ,
    "export_clusters_xlsx": READ,
    "create_cluster": RUN,
    "list_clusters": READ,
    "read_cluster": READ,
    "read_cluster_timeline": READ,
    "change_cluster": RUN,
    "activate_cluster": RUN,
    "reorganise_cluster": RUN,
    "close_cluster": RUN,
    "merge_cluster": RUN,
    "move_cluster": RUN,
    # Imports of lists, which hold personal data.
    "create_import": RUN,
    "list_imports": OVERSEE,
    "read_import": OVERSEE,
    "list_import_rows": OVERSEE,
    "check_import": RUN,
    "commit_import": RUN,
    # Channels, their members and messengers.
    "create_channel": RUN,
    "list_channels": READ,
    "read_channel": READ,
    "change_channel": RUN,
    "merge_channels": RUN,
    "list_channel_members": READ_POSTS,
    "add_channel_target": RUN,
    "list_channel_targets": OVERSEE,
    "remove_channel_target": RUN,
    # Posts in channels.
    "create_channel_post": POST,
    "list_channel_posts": READ_POSTS,
    "read_channel_post": READ_POSTS,
    "acknowledge_channel_post": allow(SEATED),
    "list_post_acknowledgements": WATCH,
    "list_post_deliveries": WATCH,
    "resend_channel_post": POST,
    # Organisations.
    "create_organisation": RUN,
    "list_organisations": READ,
    "read_organisation": READ,
    "change_organisation": RUN,
    # Relations of organisations.
    "create_relation": RUN,
    "list_relations": READ,
    "read_relation": READ,
    "end_relation": RUN,
    # People; those of an actor's rows are named in `repository/people.py`.
    "create_person": RUN,
    "list_people": OVERSEE,
    "read_person": allow(CENTRE, AUDIT, SERVICES, SEATED, AUTHORITY, ITS_CLUSTER, ITS_INDUSTRY),
    "erase_person": RUN,
    "read_erasure": OVERSEE,
    # Appointments; what an authority may not appoint is in `domain/appointments.py`.
    "create_appointment": allow(ADMIN, AUTHORITY),
    "list_appointments": READ,
    "end_appointment": RUN,
    # Requests to appoint.
    "request_appointments": RUN,
    "list_appointment_requests": READ_REQUESTS,
    "remind_appointment_requests": RUN,
    "read_appointment_request": READ_REQUESTS,
    "remind_appointment_request": RUN,
    # Associations and their members.
    "list_associations": READ_ITS_OWN,
    "read_association": READ_ITS_OWN,
    "constitute_association": RUN,
    "read_curator_coverage": READ_ITS_OWN,
    "create_membership": STEWARD,
    "list_memberships": READ_ITS_OWN,
    "end_membership": STEWARD,
    "preview_expansion": STEWARD,
    "expand_associations": STEWARD,
    # Mandates and directions.
    "create_mandate": STEWARD,
    "list_mandates": READ_ITS_OWN,
    "end_mandate": STEWARD,
    "create_direction": STEWARD,
    "list_directions": READ_ITS_OWN,
    "end_direction": STEWARD,
    # Working groups, events and projects.
    "create_group": STEWARD,
    "list_groups": READ_ITS_OWN,
    "change_group": STEWARD,
    "create_group_report": STEWARD,
    "list_group_reports": READ_ITS_OWN,
    "create_activity": STEWARD,
    "list_activities": READ_ITS_OWN,
    "change_activity": STEWARD,
    # Roadmaps.
    "read_roadmap": READ_ITS_OWN,
    "read_roadmap_summary": READ_ITS_OWN,
    "attach_document": STEWARD,
    "read_association_policy": READ,
    # Practices.
    "nominate_practice": TAKE_PART,
    "list_practices": READ_ITS_OWN,
    "read_practice": READ_ITS_OWN,
    # A cluster judges in its own industry; nobody judges what they have an interest in.
    "review_practice": allow(ADMIN, ITS_INDUSTRY, ITS_CLUSTER, JUDGES),
    "select_practice": STEWARD,
    "decline_practice": STEWARD,
    "replicate_practice": TAKE_PART,
    # Mentorships.
    "create_mentorship": TAKE_PART,
    "list_mentorships": READ_ITS_OWN,
    "complete_mentorship": TAKE_PART,
    "confirm_mentorship": allow(ITS_CLUSTER),
    # Leaders.
    "list_leaders": READ_PUBLISHED,
    "confirm_leader": STEWARD,
    "decline_leader": STEWARD,
    # Annual reports.
    "assemble_report": STEWARD,
    "read_report": READ_PUBLISHED,
    "approve_report": RUN,
    "publish_report": RUN,
    "plan_next_year": STEWARD,
    "download_report": READ_PUBLISHED,
    # Search, which finds people as `list_people` lists them.
    "search_directory": READ,
}
