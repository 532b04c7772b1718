"""Attendance at meetings, every version heard."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attendance_versions",
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("attended", sa.Integer(), nullable=False),
        sa.Column("late", sa.Integer(), nullable=False),
        sa.Column("absent", sa.Integer(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "meeting_id", "region", "version", name=op.f("pk_attendance_versions")
        ),
    )
    op.create_index("ix_attendance_versions_held_on", "attendance_versions", ["held_on"])
    # A table taken down and put up again is empty: its log is heard from the first event.
    op.execute("delete from consumer_positions where topic = 'meetings.attendance'")


def downgrade() -> None:
    op.drop_index("ix_attendance_versions_held_on", table_name="attendance_versions")
    op.drop_table("attendance_versions")
