"""Control of execution: extensions, points, co-executors, series, absences, policies."""

from datetime import UTC, date, datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


# SPEC §5 and §6 as the first version of the control policy.
_POLICY = {
    "urgent_days": 3,
    "prompt_days": 10,
    "default_months": 1,
    "non_working": "preceding",
    "acknowledge_working_days": 1,
    "rework_working_days": 3,
    "review_working_days": 3,
    "co_executor_percent": 50,
    "due_soon_days": 3,
    "send_at": "09:00:00",
    "digest_weekday": 2,
    "reminders": [
        {
            "code": "issued",
            "moment": "issued",
            "working_days": 0,
            "to": ["coordinator", "addressee"],
        },
        {
            "code": "unacknowledged",
            "moment": "unacknowledged",
            "working_days": 1,
            "to": ["coordinator"],
        },
        {
            "code": "half_term",
            "moment": "half_term",
            "working_days": 0,
            "to": ["coordinator", "addressee"],
        },
        {
            "code": "three_days",
            "moment": "before_due",
            "working_days": 3,
            "to": ["coordinator", "addressee"],
        },
        {
            "code": "due_day",
            "moment": "before_due",
            "working_days": 0,
            "to": ["coordinator", "addressee"],
        },
        {"code": "overdue", "moment": "after_due", "working_days": 1, "to": ["coordinator"]},
        {"code": "escalation", "moment": "after_due", "working_days": 3, "to": ["authority_head"]},
    ],
    "kind": "control",
}


def upgrade() -> None:
    op.create_table(
        "absences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("away_from", sa.Date(), nullable=False),
        sa.Column("away_to", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("away_from <= away_to", name=op.f("ck_absences_days_in_order")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
    )
    op.create_index(op.f("ix_absences_region"), "absences", ["region"], unique=False)
    op.create_table(
        "auto_forwarding",
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("cluster_id", sa.Uuid(), nullable=False),
        sa.Column("allowed_by", sa.String(), nullable=False),
        sa.Column("allowed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("region", "cluster_id", name=op.f("pk_auto_forwarding")),
    )
    op.create_table(
        "control_policies",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_control_policies")),
        sa.UniqueConstraint("effective_from", name=op.f("uq_control_policies_effective_from")),
    )
    op.create_table(
        "known_clusters",
        sa.Column("cluster_id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("industry", sa.String(), nullable=False),
        sa.Column("cohort", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", name=op.f("pk_known_clusters")),
    )
    op.create_table(
        "known_regions",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("short_name", sa.String(), nullable=False),
        sa.Column("federal_district", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_known_regions")),
    )
    op.create_table(
        "recurrences",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.String(length=32), nullable=False),
        sa.Column("instruction", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("issued", sa.Integer(), nullable=False),
        sa.Column("next_on", sa.Date(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recurrences")),
    )
    op.create_index(
        "ix_recurrences_next_on",
        "recurrences",
        ["next_on"],
        unique=False,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_table(
        "tenures",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("appointment_id", name=op.f("pk_tenures")),
    )
    op.create_index("ix_tenures_region_office", "tenures", ["region", "office"], unique=False)
    op.create_table(
        "extensions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("execution_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("party", sa.String(length=32), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("wanted", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("in_time", sa.Boolean(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("granted", sa.Date(), nullable=True),
        sa.Column("words", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["executions.id"], name=op.f("fk_extensions_execution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extensions")),
    )
    op.create_index(
        "ix_extensions_execution_id", "extensions", ["execution_id", "id"], unique=False
    )
    op.create_index(
        "uq_extensions_open",
        "extensions",
        ["execution_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "subtasks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("execution_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_by", sa.String(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("words", sa.String(), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["executions.id"], name=op.f("fk_subtasks_execution_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subtasks")),
    )
    op.create_index(op.f("ix_subtasks_execution_id"), "subtasks", ["execution_id"], unique=False)
    op.add_column("assignments", sa.Column("meeting_id", sa.Uuid(), nullable=True))
    op.add_column("assignments", sa.Column("recurrence_id", sa.Uuid(), nullable=True))
    op.add_column(
        "assignments",
        sa.Column("occurrence", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "assignments",
        sa.Column(
            "points",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
    )
    op.add_column(
        "assignments",
        sa.Column(
            "form",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
    )
    op.add_column(
        "assignments",
        sa.Column(
            "evidence", sa.String(length=32), server_default=sa.text("'any'"), nullable=False
        ),
    )
    op.add_column("assignments", sa.Column("controller", sa.String(), nullable=True))
    op.add_column("assignments", sa.Column("controller_deputy", sa.String(), nullable=True))
    op.add_column(
        "assignments",
        sa.Column("policy_version", sa.Integer(), server_default=sa.text("1"), nullable=False),
    )
    op.add_column(
        "assignments", sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("assignments", sa.Column("superseded_by", sa.Uuid(), nullable=True))
    op.drop_constraint(op.f("uq_assignments_protocol_item_id"), "assignments", type_="unique")
    op.create_index(op.f("ix_assignments_meeting_id"), "assignments", ["meeting_id"], unique=False)
    op.create_unique_constraint(
        op.f("uq_assignments_protocol_item_id_occurrence"),
        "assignments",
        ["protocol_item_id", "occurrence"],
    )
    op.create_unique_constraint(
        op.f("uq_assignments_recurrence_id_occurrence"),
        "assignments",
        ["recurrence_id", "occurrence"],
    )
    op.create_foreign_key(
        op.f("fk_assignments_superseded_by"),
        "assignments",
        "assignments",
        ["superseded_by"],
        ["id"],
    )
    op.create_foreign_key(
        op.f("fk_assignments_recurrence_id"),
        "assignments",
        "recurrences",
        ["recurrence_id"],
        ["id"],
    )
    op.add_column(
        "execution_steps",
        sa.Column("deputy", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "execution_steps",
        sa.Column(
            "details",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.add_column("executions", sa.Column("lead_id", sa.Uuid(), nullable=True))
    op.add_column("executions", sa.Column("lead_cluster_id", sa.Uuid(), nullable=True))
    op.add_column("executions", sa.Column("coordinator_id", sa.Uuid(), nullable=True))
    op.add_column("executions", sa.Column("internal_due", sa.Date(), nullable=True))
    op.add_column("executions", sa.Column("control_due", sa.Date(), nullable=True))
    op.add_column(
        "executions",
        sa.Column(
            "accepted_points",
            postgresql.ARRAY(sa.INTEGER()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.add_column("executions", sa.Column("routed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("executions", sa.Column("superseded_by", sa.Uuid(), nullable=True))
    op.add_column("executions", sa.Column("expired_due", sa.Date(), nullable=True))
    op.drop_constraint(
        op.f("uq_executions_assignment_id_region_cluster_id"), "executions", type_="unique"
    )
    op.create_index(
        op.f("ix_executions_lead_cluster_id"), "executions", ["lead_cluster_id"], unique=False
    )
    op.create_index(op.f("ix_executions_lead_id"), "executions", ["lead_id"], unique=False)
    op.create_index(
        "ix_executions_open",
        "executions",
        ["region", "due"],
        unique=False,
        postgresql_where=sa.text(
            "status in ('issued', 'routed', 'acknowledged', 'in_progress', 'submitted', 'returned', 'forwarded')"
        ),
    )
    op.create_unique_constraint(
        op.f("uq_executions_assignment_id_region_cluster_id_lead_id"),
        "executions",
        ["assignment_id", "region", "cluster_id", "lead_id"],
        postgresql_nulls_not_distinct=True,
    )
    op.create_foreign_key(
        op.f("fk_executions_lead_id"), "executions", "executions", ["lead_id"], ["id"]
    )
    op.create_foreign_key(
        op.f("fk_executions_superseded_by"), "executions", "assignments", ["superseded_by"], ["id"]
    )
    op.execute("create sequence assignment_numbers")
    policies = sa.table(
        "control_policies",
        sa.column("version", sa.Integer),
        sa.column("effective_from", sa.Date),
        sa.column("document", postgresql.JSONB),
        sa.column("note", sa.String),
        sa.column("created_by", sa.String),
        sa.column("created_at", sa.DateTime(timezone=True)),
    )
    day = date(2022, 1, 1)
    op.bulk_insert(
        policies,
        [
            {
                "version": 1,
                "effective_from": day,
                "document": _POLICY,
                "note": "Первая версия",
                "created_by": "system",
                "created_at": datetime(2022, 1, 1, tzinfo=UTC),
            }
        ],
    )
    op.execute(
        "insert into tenures (appointment_id, region, office, person_id, valid_from, valid_to,"
        " version) select appointment_id, region, 'coordinator', person_id, valid_from, valid_to,"
        " version from coordinators"
    )
    op.drop_index(op.f("ix_coordinators_region"), table_name="coordinators")
    op.drop_table("coordinators")
    op.execute(
        "update executions e set coordinator_id = t.person_id from tenures t"
        " where t.region = e.region and e.addressee = 'cluster' and e.status <> 'issued'"
        " and t.valid_from <= current_date and coalesce(t.valid_to, 'infinity') >= current_date"
    )
    op.execute(
        "update executions e set routed_at = s.at from execution_steps s"
        " where s.execution_id = e.id and s.command = 'route'"
    )
    # Deputies and heads of authorities were passed over until now: hear of them again.
    op.execute("delete from consumer_positions where topic = 'directory.appointments'")


def downgrade() -> None:
    op.create_table(
        "coordinators",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("appointment_id", name=op.f("pk_coordinators")),
    )
    op.create_index(op.f("ix_coordinators_region"), "coordinators", ["region"], unique=False)
    op.execute(
        "insert into coordinators select appointment_id, region, person_id, valid_from, valid_to,"
        " version from tenures where office = 'coordinator'"
    )
    op.execute("drop sequence assignment_numbers")
    op.drop_constraint(op.f("fk_executions_superseded_by"), "executions", type_="foreignkey")
    op.drop_constraint(op.f("fk_executions_lead_id"), "executions", type_="foreignkey")
    op.drop_constraint(
        op.f("uq_executions_assignment_id_region_cluster_id_lead_id"), "executions", type_="unique"
    )
    op.drop_index(
        "ix_executions_open",
        table_name="executions",
        postgresql_where=sa.text(
            "status in ('issued', 'routed', 'acknowledged', 'in_progress', 'submitted', 'returned', 'forwarded')"
        ),
    )
    op.drop_index(op.f("ix_executions_lead_id"), table_name="executions")
    op.drop_index(op.f("ix_executions_lead_cluster_id"), table_name="executions")
    op.create_unique_constraint(
        op.f("uq_executions_assignment_id_region_cluster_id"),
        "executions",
        ["assignment_id", "region", "cluster_id"],
        postgresql_nulls_not_distinct=True,
    )
    op.drop_column("executions", "expired_due")
    op.drop_column("executions", "superseded_by")
    op.drop_column("executions", "routed_at")
    op.drop_column("executions", "accepted_points")
    op.drop_column("executions", "control_due")
    op.drop_column("executions", "internal_due")
    op.drop_column("executions", "coordinator_id")
    op.drop_column("executions", "lead_cluster_id")
    op.drop_column("executions", "lead_id")
    op.drop_column("execution_steps", "details")
    op.drop_column("execution_steps", "deputy")
    op.drop_constraint(op.f("fk_assignments_recurrence_id"), "assignments", type_="foreignkey")
    op.drop_constraint(op.f("fk_assignments_superseded_by"), "assignments", type_="foreignkey")
    op.drop_constraint(
        op.f("uq_assignments_recurrence_id_occurrence"), "assignments", type_="unique"
    )
    op.drop_constraint(
        op.f("uq_assignments_protocol_item_id_occurrence"), "assignments", type_="unique"
    )
    op.drop_index(op.f("ix_assignments_meeting_id"), table_name="assignments")
    op.create_unique_constraint(
        op.f("uq_assignments_protocol_item_id"),
        "assignments",
        ["protocol_item_id"],
        postgresql_nulls_not_distinct=False,
    )
    op.drop_column("assignments", "superseded_by")
    op.drop_column("assignments", "withdrawn_at")
    op.drop_column("assignments", "policy_version")
    op.drop_column("assignments", "controller_deputy")
    op.drop_column("assignments", "controller")
    op.drop_column("assignments", "evidence")
    op.drop_column("assignments", "form")
    op.drop_column("assignments", "points")
    op.drop_column("assignments", "occurrence")
    op.drop_column("assignments", "recurrence_id")
    op.drop_column("assignments", "meeting_id")
    op.drop_index(op.f("ix_subtasks_execution_id"), table_name="subtasks")
    op.drop_table("subtasks")
    op.drop_index(
        "uq_extensions_open", table_name="extensions", postgresql_where=sa.text("status = 'open'")
    )
    op.drop_index("ix_extensions_execution_id", table_name="extensions")
    op.drop_table("extensions")
    op.drop_index("ix_tenures_region_office", table_name="tenures")
    op.drop_table("tenures")
    op.drop_index(
        "ix_recurrences_next_on",
        table_name="recurrences",
        postgresql_where=sa.text("ended_at is null"),
    )
    op.drop_table("recurrences")
    op.drop_table("known_regions")
    op.drop_table("known_clusters")
    op.drop_table("control_policies")
    op.drop_table("auto_forwarding")
    op.drop_index(op.f("ix_absences_region"), table_name="absences")
    op.drop_table("absences")
