"""Series of meetings, the life of a meeting, and where it was moved."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0002"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
CODE = sa.String(32)

# A range without an upper bound has no end: all cohorts that follow, no last day.
NO_OVERLAP = """
alter table meeting_series add constraint ex_meeting_series_participants exclude using gist (
    int4range(first_cohort, last_cohort, '[]') with &&,
    daterange(starts_on, ends_on, '[]') with &&
) where (first_cohort is not null)
"""


def upgrade() -> None:
    op.create_table(
        "meeting_series",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("audience", CODE, nullable=False),
        sa.Column("first_cohort", sa.Integer(), nullable=True),
        sa.Column("last_cohort", sa.Integer(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("start_time", sa.Time(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("agenda_template", postgresql.JSONB(), nullable=False),
        sa.Column("skip_holidays", sa.Boolean(), nullable=False),
        sa.Column("weeks_ahead", sa.Integer(), nullable=False),
        sa.Column("freeze_minutes", sa.Integer(), nullable=False),
        sa.Column("made_through", sa.Date(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_meeting_series_in_order")),
        sa.PrimaryKeyConstraint("id", name="pk_meeting_series"),
        sa.UniqueConstraint("code", name="uq_meeting_series_code"),
    )
    op.execute(NO_OVERLAP)
    op.create_table(
        "series_exceptions",
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["series_id"], ["meeting_series.id"], name="fk_series_exceptions_series_id"
        ),
        sa.PrimaryKeyConstraint("series_id", "on_date", name="pk_series_exceptions"),
    )
    for column in (
        sa.Column("series_id", sa.Uuid(), nullable=True),
        sa.Column("occurrence_on", sa.Date(), nullable=True),
        sa.Column("started_at", INSTANT, nullable=True),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("freeze_minutes", sa.Integer(), server_default=sa.text("60"), nullable=False),
        sa.Column("frozen_at", INSTANT, nullable=True),
        sa.Column("agenda_revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("sequence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("announced_at", INSTANT, nullable=True),
    ):
        op.add_column("meetings", column)
    op.execute("update meetings set announced_at = coalesce(cancelled_at, created_at)")
    op.alter_column("meetings", "announced_at", nullable=False)
    op.create_foreign_key(
        "fk_meetings_series_id", "meetings", "meeting_series", ["series_id"], ["id"]
    )
    op.create_unique_constraint(
        "uq_meetings_series_id_occurrence_on", "meetings", ["series_id", "occurrence_on"]
    )
    op.create_table(
        "meeting_moves",
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("from_at", INSTANT, nullable=False),
        sa.Column("to_at", INSTANT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("moved_at", INSTANT, nullable=False),
        sa.Column("moved_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["meeting_id"], ["meetings.id"], name="fk_meeting_moves_meeting_id"
        ),
        sa.PrimaryKeyConstraint("meeting_id", "sequence", name="pk_meeting_moves"),
    )


def downgrade() -> None:
    op.drop_table("meeting_moves")
    op.drop_constraint("uq_meetings_series_id_occurrence_on", "meetings")
    op.drop_constraint("fk_meetings_series_id", "meetings")
    for name in (
        "announced_at",
        "sequence",
        "agenda_revision",
        "frozen_at",
        "freeze_minutes",
        "closed_at",
        "started_at",
        "occurrence_on",
        "series_id",
    ):
        op.drop_column("meetings", name)
    op.drop_table("series_exceptions")
    op.drop_table("meeting_series")
