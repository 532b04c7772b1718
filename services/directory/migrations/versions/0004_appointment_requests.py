"""Requests to authorities to appoint; an appointment knows when it was made."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# The log knows when each was made; an id is as old as its row, should the log be gone.
MADE_AT = """
update appointments set made_at = coalesce(
    (select min(occurred_at) from outbox
     where topic = 'directory.appointments' and key = appointments.id::text),
    uuid_extract_timestamp(id), now()
)
"""


def upgrade() -> None:
    op.add_column("appointments", sa.Column("made_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(MADE_AT)
    op.alter_column("appointments", "made_at", nullable=False)
    op.create_table(
        "appointment_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("office", sa.String(length=32), nullable=False),
        sa.Column("letter", sa.String(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("reminders >= 0", name=op.f("ck_appointment_requests_reminders")),
        sa.ForeignKeyConstraint(
            ["region"], ["regions.code"], name=op.f("fk_appointment_requests_region")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appointment_requests")),
    )
    op.create_index(
        "ix_appointment_requests_region_office",
        "appointment_requests",
        ["region", "office"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_appointment_requests_region_office", table_name="appointment_requests")
    op.drop_table("appointment_requests")
    op.drop_column("appointments", "made_at")
