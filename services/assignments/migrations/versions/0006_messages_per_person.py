"""A message is a person's, over all the offices held; what was said is said to a person."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TEXTS = postgresql.ARRAY(sa.TEXT())


def upgrade() -> None:
    op.add_column("notifications", sa.Column("offices", _TEXTS, nullable=True))
    op.add_column("notifications", sa.Column("regions", _TEXTS, nullable=True))
    op.add_column(
        "notifications", sa.Column("turn", sa.Integer(), server_default="0", nullable=False)
    )
    # One who held two offices had two messages a day; they stay two.
    op.execute(
        """
        update notifications set
            offices = array[office],
            regions = case when region is null then array[]::text[] else array[region] end,
            recipient = case
                when channel = 'chat' then 'chat:1'
                when person_id is null then office || ':' || region
                when count_of.number = 1 then person_id::text
                else recipient
            end
        from (
            select id as of_id, row_number() over (
                partition by person_id, channel, day order by id
            ) as number from notifications
        ) as count_of
        where count_of.of_id = id
        """
    )
    op.alter_column("notifications", "offices", nullable=False)
    op.alter_column("notifications", "regions", nullable=False)
    op.drop_index("ix_notifications_region", table_name="notifications")
    op.drop_column("notifications", "region")
    op.drop_column("notifications", "office")
    op.create_index(
        "ix_notifications_regions",
        "notifications",
        ["regions"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_index(
        "ix_notifications_waiting",
        "notifications",
        ["day"],
        unique=False,
        postgresql_where=sa.text("state = 'prepared'"),
    )
    op.add_column("notification_lines", sa.Column("recipient", sa.String(), nullable=True))
    op.execute(
        """
        update notification_lines as line set recipient =
            coalesce(message.person_id::text, message.recipient)
        from notifications as message where message.id = line.notification_id
        """
    )
    # Said to one person in two offices: once is enough.
    op.execute(
        """
        delete from notification_lines as one using notification_lines as other
        where one.execution_id = other.execution_id and one.rung = other.rung
            and one.anchor = other.anchor and one.recipient = other.recipient
            and one.office > other.office
        """
    )
    op.drop_constraint("pk_notification_lines", "notification_lines")
    op.drop_column("notification_lines", "office")
    op.create_primary_key(
        "pk_notification_lines",
        "notification_lines",
        ["execution_id", "rung", "anchor", "recipient"],
    )


def downgrade() -> None:
    op.add_column("notification_lines", sa.Column("office", sa.String(), nullable=True))
    op.execute(
        """
        update notification_lines as line set office = message.offices[1]
        from notifications as message where message.id = line.notification_id
        """
    )
    # Said to two holders of an office: the lines know the office only.
    op.execute(
        """
        delete from notification_lines as one using notification_lines as other
        where one.execution_id = other.execution_id and one.rung = other.rung
            and one.anchor = other.anchor and one.office = other.office
            and one.recipient > other.recipient
        """
    )
    op.drop_constraint("pk_notification_lines", "notification_lines")
    op.drop_column("notification_lines", "recipient")
    op.create_primary_key(
        "pk_notification_lines", "notification_lines", ["execution_id", "rung", "anchor", "office"]
    )
    op.drop_index("ix_notifications_waiting", table_name="notifications")
    op.drop_index("ix_notifications_regions", table_name="notifications")
    op.add_column("notifications", sa.Column("office", sa.String(), nullable=True))
    op.add_column("notifications", sa.Column("region", sa.String(), nullable=True))
    op.execute(
        "update notifications set office = coalesce(offices[1], 'centre'), region = regions[1]"
    )
    op.alter_column("notifications", "office", nullable=False)
    op.create_index("ix_notifications_region", "notifications", ["region"], unique=False)
    op.drop_column("notifications", "turn")
    op.drop_column("notifications", "regions")
    op.drop_column("notifications", "offices")
