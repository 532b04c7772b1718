"""Practices with reviews and replications, mentorships, leaders."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "heard_slices",
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("period", name=op.f("pk_heard_slices")),
    )
    op.create_table(
        "leaders",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("association", sa.String(), nullable=True),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("source_ref", sa.String(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("proposed_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["association"], ["associations.code"], name=op.f("fk_leaders_association")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leaders")),
        sa.UniqueConstraint(
            "subject", "source", "source_ref", name=op.f("uq_leaders_subject_source_source_ref")
        ),
    )
    op.create_index(op.f("ix_leaders_association"), "leaders", ["association"], unique=False)
    op.create_table(
        "mentorships",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("association", sa.String(), nullable=False),
        sa.Column("from_cluster_id", sa.Uuid(), nullable=False),
        sa.Column("to_cluster_id", sa.Uuid(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("completed_on", sa.Date(), nullable=True),
        sa.Column("confirmed_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("from_cluster_id <> to_cluster_id", name=op.f("ck_mentorships_of_two")),
        sa.ForeignKeyConstraint(
            ["association"], ["associations.code"], name=op.f("fk_mentorships_association")
        ),
        sa.ForeignKeyConstraint(
            ["from_cluster_id"], ["clusters.id"], name=op.f("fk_mentorships_from_cluster_id")
        ),
        sa.ForeignKeyConstraint(
            ["to_cluster_id"], ["clusters.id"], name=op.f("fk_mentorships_to_cluster_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentorships")),
    )
    op.create_index(
        op.f("ix_mentorships_association"), "mentorships", ["association"], unique=False
    )
    op.create_table(
        "practices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("association", sa.String(), nullable=False),
        sa.Column("cluster_id", sa.Uuid(), nullable=False),
        sa.Column("direction_id", sa.Uuid(), nullable=True),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("link", sa.String(), nullable=True),
        sa.Column("organisations", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("nominated_on", sa.Date(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["association"], ["associations.code"], name=op.f("fk_practices_association")
        ),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["clusters.id"], name=op.f("fk_practices_cluster_id")
        ),
        sa.ForeignKeyConstraint(
            ["direction_id"], ["directions.id"], name=op.f("fk_practices_direction_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practices")),
    )
    op.create_index(op.f("ix_practices_association"), "practices", ["association"], unique=False)
    op.create_table(
        "practice_replications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("cluster_id", sa.Uuid(), nullable=False),
        sa.Column("replicated_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["clusters.id"], name=op.f("fk_practice_replications_cluster_id")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_practice_replications_practice_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_replications")),
        sa.UniqueConstraint(
            "practice_id",
            "cluster_id",
            name=op.f("uq_practice_replications_practice_id_cluster_id"),
        ),
    )
    op.create_table(
        "practice_reviews",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("reviewer", sa.String(), nullable=False),
        sa.Column("points", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("reviewed_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.id"], name=op.f("fk_practice_reviews_practice_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_practice_reviews")),
        sa.UniqueConstraint(
            "practice_id", "reviewer", name=op.f("uq_practice_reviews_practice_id_reviewer")
        ),
    )


def downgrade() -> None:
    op.drop_table("practice_reviews")
    op.drop_table("practice_replications")
    op.drop_index(op.f("ix_practices_association"), table_name="practices")
    op.drop_table("practices")
    op.drop_index(op.f("ix_mentorships_association"), table_name="mentorships")
    op.drop_table("mentorships")
    op.drop_index(op.f("ix_leaders_association"), table_name="leaders")
    op.drop_table("leaders")
    op.drop_table("heard_slices")
