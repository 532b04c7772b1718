"""Sections of an agenda with outcomes, what is owed by executions, and receipts."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
CODE = sa.String(32)
ORDER = "uq_agenda_items_meeting_id_position"
CARRIED = "uq_agenda_items_carried_from"


def upgrade() -> None:
    for column in (
        sa.Column("duration_minutes", sa.Integer(), nullable=True),
        sa.Column("late", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("origin", CODE, server_default=sa.text("'person'"), nullable=False),
        sa.Column("carried_from", sa.Uuid(), nullable=True),
        sa.Column("outcome", CODE, nullable=True),
        sa.Column("outcome_note", sa.String(), nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
    ):
        op.add_column("agenda_items", column)
    op.create_foreign_key(
        "fk_agenda_items_carried_from", "agenda_items", "agenda_items", ["carried_from"], ["id"]
    )
    op.create_unique_constraint(CARRIED, "agenda_items", ["carried_from"])
    op.drop_constraint(ORDER, "agenda_items")
    op.create_unique_constraint(ORDER, "agenda_items", ["meeting_id", "position"], deferrable=True)
    op.create_table(
        "agenda_control",
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("overdue", sa.Integer(), nullable=False),
        sa.Column("due_soon", sa.Integer(), nullable=False),
        sa.Column("awaiting", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meetings.id"], name="fk_agenda_control_meeting_id"
        ),
        sa.PrimaryKeyConstraint("meeting_id", "region", name="pk_agenda_control"),
    )
    op.create_table(
        "agenda_receipts",
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("read_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meetings.id"], name="fk_agenda_receipts_meeting_id"
        ),
        sa.PrimaryKeyConstraint("meeting_id", "actor", name="pk_agenda_receipts"),
    )
    op.create_table(
        "known_executions",
        sa.Column("execution_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("cluster_id", sa.Uuid(), nullable=True),
        sa.Column("cohort", sa.Integer(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("returned_on", sa.Date(), nullable=True),
        sa.Column("done", sa.Date(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("execution_id", name="pk_known_executions"),
    )
    op.create_index(
        "ix_known_executions_open",
        "known_executions",
        ["region", "due"],
        postgresql_where=sa.text("status not in ('accepted', 'withdrawn', 'superseded')"),
    )


def downgrade() -> None:
    for table in ("known_executions", "agenda_receipts", "agenda_control"):
        op.drop_table(table)
    op.drop_constraint(ORDER, "agenda_items")
    op.create_unique_constraint(ORDER, "agenda_items", ["meeting_id", "position"])
    op.drop_constraint(CARRIED, "agenda_items")
    op.drop_constraint("fk_agenda_items_carried_from", "agenda_items")
    for name in (
        "decided_by",
        "decided_at",
        "outcome_note",
        "outcome",
        "carried_from",
        "origin",
        "late",
        "duration_minutes",
    ):
        op.drop_column("agenda_items", name)
