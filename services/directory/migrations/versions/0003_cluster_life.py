"""Clusters live: the statuses they have had, the timeline, and what they were merged into."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A cluster has one status on any day.
ONE_STATUS = """
alter table cluster_statuses add constraint ex_cluster_statuses_one_at_a_time exclude using gist (
    cluster_id with =, daterange(valid_from, valid_to, '[]') with &&
)
"""
# Until now only the newest status was kept: it is taken to hold since the cluster was entered.
STATUSES = """
insert into cluster_statuses (id, cluster_id, status, valid_from)
select uuidv7(), id, status, (registered_at at time zone 'Europe/Moscow')::date from clusters
"""
CHANGES = """
insert into cluster_changes (id, cluster_id, kind, effective_on, details, recorded_at, recorded_by)
select uuidv7(), id, 'registered', (registered_at at time zone 'Europe/Moscow')::date,
    jsonb_build_object('name', name, 'status', status), registered_at, 'migration'
from clusters
"""


def upgrade() -> None:
    op.add_column("clusters", sa.Column("merged_into", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_clusters_merged_into"), "clusters", "clusters", ["merged_into"], ["id"]
    )
    op.create_table(
        "cluster_statuses",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cluster_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_cluster_statuses_in_order")),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["clusters.id"], name=op.f("fk_cluster_statuses_cluster_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster_statuses")),
    )
    op.create_table(
        "cluster_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("cluster_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("details", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["clusters.id"], name=op.f("fk_cluster_changes_cluster_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cluster_changes")),
    )
    op.create_index(
        "ix_cluster_changes_timeline",
        "cluster_changes",
        ["cluster_id", "effective_on", "id"],
        unique=False,
    )
    for statement in (ONE_STATUS, STATUSES, CHANGES):
        op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_cluster_changes_timeline", table_name="cluster_changes")
    op.drop_table("cluster_changes")
    op.drop_table("cluster_statuses")
    op.drop_constraint(op.f("fk_clusters_merged_into"), "clusters", type_="foreignkey")
    op.drop_column("clusters", "merged_into")
