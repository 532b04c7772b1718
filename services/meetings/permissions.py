"""Who may call what of meetings and protocols, and whose rows it reaches."""

from typing import Final

from shared.auth import Role, Rows
from shared.permissions import ANYONE, PUBLIC, Table, allow, of

ORGANISERS: Final = of(Rows.ALL, Role.CUR_ADMIN, Role.SECRETARY)
# Who may stand in a chain of approvers.
SIGNATORIES: Final = ORGANISERS | of(Rows.ALL, Role.CUR_CONTROLLER, Role.OPERATOR)
# The auditor reads what they do, and changes nothing.
READERS: Final = SIGNATORIES | of(Rows.ALL, Role.AUDITOR)
COORDINATORS: Final = of(Rows.REGION, Role.COORDINATOR, Role.DEPUTY)
REGIONAL: Final = COORDINATORS | of(Rows.REGION, Role.AUTHORITY_HEAD)
CLUSTERS: Final = of(Rows.CLUSTER, Role.CLUSTER)
# Whoever sits at meetings and reads their papers: no machine, and not the auditor.
PEOPLE: Final = (
    Role.CUR_ADMIN,
    Role.CUR_CONTROLLER,
    Role.SECRETARY,
    Role.COORDINATOR,
    Role.DEPUTY,
    Role.CLUSTER,
    Role.AUTHORITY_HEAD,
    Role.ASSOCIATION,
    Role.OPERATOR,
)

TABLE: Final[Table] = {
    # Series
    "create_series": allow(ORGANISERS),
    "load_series": allow(ORGANISERS),
    "list_series": allow(ANYONE),
    "read_series": allow(ANYONE),
    "end_series": allow(ORGANISERS),
    "leave_out_day": allow(ORGANISERS),
    # Meetings: everybody knows when they are
    "create_meeting": allow(ORGANISERS),
    "list_meetings": allow(ANYONE),
    "read_meeting": allow(ANYONE),
    "schedule_meeting": allow(ORGANISERS),
    "move_meeting": allow(ORGANISERS),
    "start_meeting": allow(ORGANISERS),
    "close_meeting": allow(ORGANISERS),
    "hold_meeting": allow(ORGANISERS),
    "cancel_meeting": allow(ORGANISERS),
    # Agendas: of all regions, so its control section counts every region's work aloud
    "read_agenda": allow(ANYONE),
    "add_agenda_item": allow(ORGANISERS),
    "change_agenda_item": allow(ORGANISERS),
    "remove_agenda_item": allow(ORGANISERS),
    "order_agenda": allow(ORGANISERS),
    "freeze_agenda": allow(ORGANISERS),
    "acknowledge_agenda": allow(of(Rows.ALL, *PEOPLE)),
    "record_outcome": allow(ORGANISERS),
    # Participation: answers and their reasons are one's own, regions' shares are everybody's
    "list_participants": allow(READERS, REGIONAL, CLUSTERS),
    "answer_invitation": allow(ORGANISERS, COORDINATORS, CLUSTERS),
    "mark_attendance": allow(ORGANISERS),
    "read_attendance": allow(ANYONE),
    "read_conference_list": allow(ORGANISERS),
    "read_attendance_import": allow(ORGANISERS, of(Rows.ALL, Role.AUDITOR)),
    "commit_attendance_import": allow(ORGANISERS),
    "summarise_attendance": allow(ANYONE),
    # Calendar feeds: of a series for whoever opens one, of a region or a person for its own
    "create_calendar_feed": allow(
        of(Rows.OWN, *PEOPLE), REGIONAL, of(Rows.REGION, Role.CLUSTER), ORGANISERS
    ),
    "list_calendar_feeds": allow(of(Rows.OWN, *Role)),
    "revoke_calendar_feed": allow(of(Rows.OWN, *PEOPLE), ORGANISERS),
    "read_calendar": PUBLIC,
    # Protocols: what a meeting resolved is everybody's
    "create_protocol": allow(ORGANISERS),
    "list_protocols": allow(ANYONE),
    "read_protocol": allow(ANYONE),
    "head_protocol": allow(ORGANISERS),
    "head_protocol_from_attendance": allow(ORGANISERS),
    "create_addendum": allow(ORGANISERS),
    "list_addenda": allow(ANYONE),
    "verify_protocol": allow(ANYONE),
    # Their items
    "add_protocol_item": allow(ORGANISERS),
    "replace_protocol_item": allow(ORGANISERS),
    "remove_protocol_item": allow(ORGANISERS),
    "preview_protocol": allow(ANYONE),
    # Reviews: who signs in which turn is the chain's to say; remarks are their writer's
    "read_review": allow(ANYONE),
    "set_approvers": allow(ORGANISERS),
    "open_review": allow(ORGANISERS),
    "approve_protocol": allow(SIGNATORIES),
    "return_protocol": allow(SIGNATORIES),
    "recall_protocol": allow(ORGANISERS),
    "remark_protocol": allow(
        of(Rows.ALL, Role.COORDINATOR, Role.DEPUTY, Role.AUTHORITY_HEAD, Role.OPERATOR)
    ),
    "list_remarks": allow(
        READERS, of(Rows.OWN, Role.COORDINATOR, Role.DEPUTY, Role.AUTHORITY_HEAD)
    ),
    "accept_remark": allow(ORGANISERS),
    "decline_remark": allow(ORGANISERS),
    "decline_remarks": allow(ORGANISERS),
    # Papers: an extract is its addressee's
    "show_protocol_document": allow(ANYONE),
    "read_protocol_extract": allow(READERS, REGIONAL, CLUSTERS),
    "show_protocol_extract": allow(READERS, REGIONAL, CLUSTERS),
    "preview_fan_out": allow(SIGNATORIES, of(Rows.ALL, Role.AUDITOR)),
    # Cyclograms
    "create_cyclogram_template": allow(ORGANISERS),
    "list_cyclogram_templates": allow(ANYONE),
    "load_examples": allow(of(Rows.ALL, Role.CUR_ADMIN)),
    "list_checkpoints_due": allow(ANYONE),
    "put_cyclogram": allow(ORGANISERS),
    "read_cyclogram": allow(ANYONE),
    "export_cyclogram": allow(ANYONE),
    "draw_cyclogram": allow(ANYONE),
    "add_item_from_checkpoint": allow(ORGANISERS),
    # Cross-cutting processes: the catalogue is everybody's, where a cluster stands its own
    "list_processes": allow(ANYONE),
    "import_processes": allow(ORGANISERS),
    "read_process": allow(ANYONE),
    "put_process": allow(ORGANISERS),
    "list_process_states": allow(READERS, REGIONAL, CLUSTERS),
    "set_process_state": allow(COORDINATORS, CLUSTERS),
    "read_process_heat_map": allow(READERS, REGIONAL, CLUSTERS),
    "draw_process_heat_map": allow(READERS, REGIONAL, CLUSTERS),
    "list_stages_due": allow(ANYONE),
}
