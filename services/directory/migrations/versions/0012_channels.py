"""Channels, their messengers, posts, deliveries and acknowledgements."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0005"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
# At most one channel of a scope is open on any day; both ends belong to it.
ONE_AT_A_TIME = """
alter table channels add constraint ex_channels_one_at_a_time exclude using gist (
    scope with =, daterange(valid_from, valid_to, '[]') with &&
)
"""


def upgrade() -> None:
    op.create_table(
        "channels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("cohort", sa.Integer(), nullable=True),
        sa.Column("industry", sa.String(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("merged_into", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_channels_in_order")),
        sa.CheckConstraint(
            "merged_into is null or valid_to is not null",
            name=op.f("ck_channels_merged_has_ended"),
        ),
        sa.ForeignKeyConstraint(
            ["industry"], ["industries.code"], name=op.f("fk_channels_industry")
        ),
        sa.ForeignKeyConstraint(
            ["merged_into"], ["channels.id"], name=op.f("fk_channels_merged_into")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
    )
    op.execute(ONE_AT_A_TIME)
    op.create_table(
        "channel_targets",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("removed_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_channel_targets_channel_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_targets")),
    )
    op.create_index(op.f("ix_channel_targets_channel_id"), "channel_targets", ["channel_id"])
    op.create_table(
        "channel_posts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("posted_by", sa.String(), nullable=False),
        sa.Column("posted_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_channel_posts_channel_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_posts")),
    )
    op.create_index("ix_channel_posts_channel", "channel_posts", ["channel_id", "id"])
    op.create_table(
        "channel_post_seats",
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("seat", sa.String(), nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("acknowledged_at", INSTANT, nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["post_id"], ["channel_posts.id"], name=op.f("fk_channel_post_seats_post_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_channel_post_seats_person_id")
        ),
        sa.PrimaryKeyConstraint("post_id", "seat", name=op.f("pk_channel_post_seats")),
    )
    op.create_index("ix_channel_post_seats_seat", "channel_post_seats", ["seat", "post_id"])
    op.create_table(
        "channel_deliveries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("post_id", sa.Uuid(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(
            ["post_id"], ["channel_posts.id"], name=op.f("fk_channel_deliveries_post_id")
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["channel_targets.id"], name=op.f("fk_channel_deliveries_target_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel_deliveries")),
        sa.UniqueConstraint(
            "post_id", "target_id", name=op.f("uq_channel_deliveries_post_id_target_id")
        ),
    )
    op.create_index(
        "ix_channel_deliveries_waiting",
        "channel_deliveries",
        ["id"],
        postgresql_where=sa.text("state = 'prepared'"),
    )


def downgrade() -> None:
    for table in (
        "channel_deliveries",
        "channel_post_seats",
        "channel_posts",
        "channel_targets",
        "channels",
    ):
        op.drop_table(table)
