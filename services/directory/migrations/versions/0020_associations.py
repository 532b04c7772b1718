"""Associations: memberships, mandates, directions."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0011"
branch_labels = None
depends_on = None

# A cluster is a member once at a time; an association has one chair and a cluster one curator;
# nobody is charged with the same twice over.
ONE_AT_A_TIME = """
alter table memberships add constraint ex_memberships_one_at_a_time exclude using gist (
    association with =, cluster_id with =, daterange(valid_from, valid_to, '[]') with &&
);
alter table mandates add constraint ex_mandates_one_chair exclude using gist (
    association with =, daterange(valid_from, valid_to, '[]') with &&
) where (kind = 'chair');
alter table mandates add constraint ex_mandates_one_curator exclude using gist (
    cluster_id with =, daterange(valid_from, valid_to, '[]') with &&
) where (kind = 'curator');
alter table mandates add constraint ex_mandates_not_twice exclude using gist (
    association with =, kind with =, person_id with =,
    coalesce(direction_id, '00000000-0000-0000-0000-000000000000'::uuid) with =,
    coalesce(topic, '') with =,
    daterange(valid_from, valid_to, '[]') with &&
) where (kind in ('responsible', 'expert'));
alter table directions add constraint ex_directions_not_twice exclude using gist (
    association with =, lower(name) with =, daterange(valid_from, valid_to, '[]') with &&
)
"""


def upgrade() -> None:
    op.create_table(
        "associations",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("constituted_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["code"], ["industries.code"], name=op.f("fk_associations_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_associations")),
    )
    op.create_table(
        "directions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("association", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_directions_in_order")),
        sa.ForeignKeyConstraint(
            ["association"], ["associations.code"], name=op.f("fk_directions_association")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_directions")),
    )
    op.create_index("ix_directions_association", "directions", ["association"])
    op.create_table(
        "memberships",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("association", sa.String(), nullable=False),
        sa.Column("cluster_id", sa.Uuid(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_memberships_in_order")),
        sa.ForeignKeyConstraint(
            ["association"], ["associations.code"], name=op.f("fk_memberships_association")
        ),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["clusters.id"], name=op.f("fk_memberships_cluster_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
    )
    op.create_index("ix_memberships_association", "memberships", ["association"])
    op.create_table(
        "mandates",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("association", sa.String(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("cluster_id", sa.Uuid(), nullable=True),
        sa.Column("direction_id", sa.Uuid(), nullable=True),
        sa.Column("topic", sa.String(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_mandates_in_order")),
        sa.ForeignKeyConstraint(
            ["association"], ["associations.code"], name=op.f("fk_mandates_association")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_mandates_person_id")),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["clusters.id"], name=op.f("fk_mandates_cluster_id")
        ),
        sa.ForeignKeyConstraint(
            ["direction_id"], ["directions.id"], name=op.f("fk_mandates_direction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandates")),
    )
    op.create_index("ix_mandates_association", "mandates", ["association"])
    for statement in ONE_AT_A_TIME.split(";"):
        op.execute(statement)


def downgrade() -> None:
    for table in ("mandates", "memberships", "directions", "associations"):
        op.drop_table(table)
