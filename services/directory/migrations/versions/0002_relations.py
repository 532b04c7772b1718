"""Organisations stand to regions and clusters from and to a day; authorities are organisations."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Both ends of a relation belong to it. One board, authority, managing company and core college at
# a time; a college or an enterprise is in a cluster once.
ONE_PER_REGION = """
alter table relations add constraint ex_relations_one_per_region exclude using gist (
    region with =, kind with =, daterange(valid_from, valid_to, '[]') with &&
) where (region is not null)
"""
ONE_PER_CLUSTER = """
alter table relations add constraint ex_relations_one_per_cluster exclude using gist (
    cluster_id with =, kind with =, daterange(valid_from, valid_to, '[]') with &&
) where (kind in ('managing_company', 'core_college'))
"""
ONCE_EACH = """
alter table relations add constraint ex_relations_once_each exclude using gist (
    cluster_id with =, organisation_id with =, kind with =,
    daterange(valid_from, valid_to, '[]') with &&
) where (cluster_id is not null)
"""
# The programme began with the cohort of 2022; since when an authority has its name, nobody wrote.
AUTHORITIES = """
with entered as (
    insert into organisations (id, code, name, kind, level, region, version)
    select uuidv7(), 'authority-' || code, authority, 'authority', 'tactical', code, 1
    from regions order by code
    returning id, region
)
insert into relations (id, kind, organisation_id, region, valid_from, version)
select uuidv7(), 'authority', id, region, date '2022-01-01', 1 from entered
"""
CORE_COLLEGES = """
insert into relations (id, kind, organisation_id, cluster_id, valid_from, version)
select uuidv7(), 'core_college', core_college_id, id,
    (registered_at at time zone 'Europe/Moscow')::date, 1
from clusters where core_college_id is not null
"""
# What a single column can still say: the newest.
AUTHORITIES_BACK = """
update regions set authority = coalesce((
    select o.name from relations r join organisations o on o.id = r.organisation_id
    where r.region = regions.code and r.kind = 'authority' order by r.valid_from desc limit 1
), '')
"""
CORE_COLLEGES_BACK = """
update clusters set core_college_id = (
    select r.organisation_id from relations r
    where r.cluster_id = clusters.id and r.kind = 'core_college' and r.valid_to is null
)
"""


def upgrade() -> None:
    op.add_column("organisations", sa.Column("valid_from", sa.Date(), nullable=True))
    op.add_column("organisations", sa.Column("valid_to", sa.Date(), nullable=True))
    op.create_check_constraint(
        op.f("ck_organisations_in_order"), "organisations", "valid_to >= valid_from"
    )
    op.create_table(
        "relations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("cluster_id", sa.Uuid(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_relations_in_order")),
        sa.CheckConstraint(
            "(region is null) <> (cluster_id is null)", name=op.f("ck_relations_of_one")
        ),
        sa.CheckConstraint(
            "(region is not null) = (kind in ('supervisory_board', 'authority'))",
            name=op.f("ck_relations_kind_fits"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name=op.f("fk_relations_organisation_id")
        ),
        sa.ForeignKeyConstraint(["region"], ["regions.code"], name=op.f("fk_relations_region")),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["clusters.id"], name=op.f("fk_relations_cluster_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relations")),
    )
    op.create_index("ix_relations_organisation_id", "relations", ["organisation_id"], unique=False)
    for statement in (ONE_PER_REGION, ONE_PER_CLUSTER, ONCE_EACH, AUTHORITIES, CORE_COLLEGES):
        op.execute(statement)
    op.drop_column("regions", "authority")
    op.drop_column("clusters", "core_college_id")


def downgrade() -> None:
    op.add_column("clusters", sa.Column("core_college_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_clusters_core_college_id"),
        "clusters",
        "organisations",
        ["core_college_id"],
        ["id"],
    )
    op.add_column("regions", sa.Column("authority", sa.String(), nullable=True))
    op.execute(CORE_COLLEGES_BACK)
    op.execute(AUTHORITIES_BACK)
    op.alter_column("regions", "authority", nullable=False)
    op.drop_table("relations")
    op.execute("delete from organisations where code like 'authority-__' and kind = 'authority'")
    op.drop_constraint(op.f("ck_organisations_in_order"), "organisations", type_="check")
    op.drop_column("organisations", "valid_to")
    op.drop_column("organisations", "valid_from")
