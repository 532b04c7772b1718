"""Who is expected, who answered, who came; the directory's copy grows for it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
CODE = sa.String(32)
# The copy gets fields its rows lack: the directory's log is read from its beginning again.
FORGET = (
    "update known_regions set version = 0",
    "update known_clusters set version = 0",
    "delete from consumer_positions where topic in ('directory.regions', 'directory.clusters')",
)


def upgrade() -> None:
    op.add_column(
        "known_regions",
        sa.Column("name", sa.String(), server_default=sa.text("''"), nullable=False),
    )
    op.add_column(
        "known_regions",
        sa.Column(
            "timezone", sa.String(), server_default=sa.text("'Europe/Moscow'"), nullable=False
        ),
    )
    op.create_table(
        "cluster_versions",
        sa.Column("cluster_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("cohort", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", "version", name="pk_cluster_versions"),
    )
    op.create_table(
        "known_appointments",
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("appointment_id", name="pk_known_appointments"),
    )
    op.create_index("ix_known_appointments_person_id", "known_appointments", ["person_id"])
    op.create_table(
        "participations",
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("participant_id", sa.Uuid(), nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("answer", CODE, nullable=True),
        sa.Column("answer_reason", sa.String(), nullable=True),
        sa.Column("answered_at", INSTANT, nullable=True),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("attendance", CODE, nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("marked_at", INSTANT, nullable=True),
        sa.Column("marked_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meetings.id"], name="fk_participations_meeting_id"
        ),
        sa.PrimaryKeyConstraint("meeting_id", "participant_id", name="pk_participations"),
    )
    op.create_table(
        "attendance_tallies",
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("attended", sa.Integer(), nullable=False),
        sa.Column("late", sa.Integer(), nullable=False),
        sa.Column("excused", sa.Integer(), nullable=False),
        sa.Column("absent", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meetings.id"], name="fk_attendance_tallies_meeting_id"
        ),
        sa.PrimaryKeyConstraint("meeting_id", "region", name="pk_attendance_tallies"),
    )
    op.create_index("ix_attendance_tallies_region", "attendance_tallies", ["region"])
    op.create_table(
        "attendance_imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("rows", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("committed_at", INSTANT, nullable=True),
        sa.Column("committed_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meetings.id"], name="fk_attendance_imports_meeting_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_attendance_imports"),
    )
    op.create_index("ix_attendance_imports_meeting_id", "attendance_imports", ["meeting_id"])
    for statement in FORGET:
        op.execute(statement)


def downgrade() -> None:
    for table in (
        "attendance_imports",
        "attendance_tallies",
        "participations",
        "known_appointments",
        "cluster_versions",
    ):
        op.drop_table(table)
    op.drop_column("known_regions", "timezone")
    op.drop_column("known_regions", "name")
