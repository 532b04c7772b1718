"""Assignments, executions, steps, coordinators."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assignments",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.String(length=32), nullable=False),
        sa.Column("protocol_id", sa.Uuid(), nullable=True),
        sa.Column("protocol_item_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("priority", sa.String(length=32), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due0", sa.Date(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("closes_on", sa.String(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("executions", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
        sa.UniqueConstraint("protocol_item_id", name=op.f("uq_assignments_protocol_item_id")),
    )
    op.create_index(
        op.f("ix_assignments_protocol_id"), "assignments", ["protocol_id"], unique=False
    )
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
    op.create_table(
        "executions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("protocol_id", sa.Uuid(), nullable=True),
        sa.Column("protocol_item_id", sa.Uuid(), nullable=True),
        sa.Column("origin", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("addressee", sa.String(length=32), nullable=False),
        sa.Column("cluster_id", sa.Uuid(), nullable=True),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("cohort", sa.Integer(), nullable=True),
        sa.Column("industry", sa.String(), nullable=True),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("issued_on", sa.Date(), nullable=False),
        sa.Column("due0", sa.Date(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("forwarded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done", sa.Date(), nullable=True),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.Column("returned_on", sa.Date(), nullable=True),
        sa.Column("extensions", sa.Integer(), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignments.id"], name=op.f("fk_executions_assignment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_executions")),
        sa.UniqueConstraint(
            "assignment_id",
            "region",
            "cluster_id",
            name=op.f("uq_executions_assignment_id_region_cluster_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        op.f("ix_executions_assignment_id"), "executions", ["assignment_id"], unique=False
    )
    op.create_index(op.f("ix_executions_cluster_id"), "executions", ["cluster_id"], unique=False)
    op.create_index("ix_executions_due_id", "executions", ["due", "id"], unique=False)
    op.create_index(op.f("ix_executions_protocol_id"), "executions", ["protocol_id"], unique=False)
    op.create_index(
        "ix_executions_region_due_id", "executions", ["region", "due", "id"], unique=False
    )
    op.create_table(
        "execution_steps",
        sa.Column("execution_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("command", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("party", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.String(), nullable=True),
        sa.Column("evidence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["executions.id"], name=op.f("fk_execution_steps_execution_id")
        ),
        sa.PrimaryKeyConstraint("execution_id", "version", name=op.f("pk_execution_steps")),
    )


def downgrade() -> None:
    op.drop_table("execution_steps")
    op.drop_index("ix_executions_region_due_id", table_name="executions")
    op.drop_index(op.f("ix_executions_protocol_id"), table_name="executions")
    op.drop_index("ix_executions_due_id", table_name="executions")
    op.drop_index(op.f("ix_executions_cluster_id"), table_name="executions")
    op.drop_index(op.f("ix_executions_assignment_id"), table_name="executions")
    op.drop_table("executions")
    op.drop_index(op.f("ix_coordinators_region"), table_name="coordinators")
    op.drop_table("coordinators")
    op.drop_index(op.f("ix_assignments_protocol_id"), table_name="assignments")
    op.drop_table("assignments")
