"""Cyclograms of cohorts and the templates they are made of; processes and where clusters stand."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
CODE = sa.String(32)


def upgrade() -> None:
    op.create_table(
        "cyclogram_templates",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("checkpoints", postgresql.JSONB(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_cyclogram_templates"),
    )
    op.create_table(
        "cyclograms",
        sa.Column("cohort", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("template", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("dates", postgresql.JSONB(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["template"], ["cyclogram_templates.version"], name="fk_cyclograms_template"
        ),
        sa.PrimaryKeyConstraint("cohort", name="pk_cyclograms"),
    )
    op.create_table(
        "processes",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("cohorts", postgresql.JSONB(), nullable=False),
        sa.Column("stages", postgresql.JSONB(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("changed_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_processes"),
    )
    op.create_table(
        "process_states",
        sa.Column("process", sa.String(), nullable=False),
        sa.Column("cluster_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("on_date", sa.Date(), nullable=True),
        sa.Column("evidence", sa.String(), nullable=True),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.Column("set_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state <> 'done' or num_nonnulls(on_date, evidence) = 2",
            name=op.f("ck_process_states_proven"),
        ),
        sa.ForeignKeyConstraint(["process"], ["processes.code"], name="fk_process_states_process"),
        sa.PrimaryKeyConstraint("process", "cluster_id", "stage", name="pk_process_states"),
    )


def downgrade() -> None:
    for table in ("process_states", "processes", "cyclograms", "cyclogram_templates"):
        op.drop_table(table)
