"""Reminders: messages, what they are about, days seen to, and PgQueuer's own tables."""

import sqlalchemy as sa
from alembic import op
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from sqlalchemy.util import await_only

from shared.queue import names

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


_QUEUE = QueryBuilderEnvironment(names())


def _run(script: str) -> None:
    """Several statements at once: for the driver, as PgQueuer's own installer does."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    await_only(driver.execute(script))


def upgrade() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint(
            "recipient", "channel", "day", name=op.f("uq_notifications_recipient_channel_day")
        ),
    )
    op.create_index(op.f("ix_notifications_day"), "notifications", ["day"], unique=False)
    op.create_index(op.f("ix_notifications_region"), "notifications", ["region"], unique=False)
    op.create_table(
        "reminder_days",
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("region", name=op.f("pk_reminder_days")),
    )
    op.create_table(
        "notification_lines",
        sa.Column("execution_id", sa.Uuid(), nullable=False),
        sa.Column("rung", sa.String(), nullable=False),
        sa.Column("anchor", sa.Date(), nullable=False),
        sa.Column("office", sa.String(), nullable=False),
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["execution_id"], ["executions.id"], name=op.f("fk_notification_lines_execution_id")
        ),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notifications.id"],
            name=op.f("fk_notification_lines_notification_id"),
        ),
        sa.PrimaryKeyConstraint(
            "execution_id", "rung", "anchor", "office", name=op.f("pk_notification_lines")
        ),
    )
    op.create_index(
        op.f("ix_notification_lines_notification_id"),
        "notification_lines",
        ["notification_id"],
        unique=False,
    )
    _run(_QUEUE.build_install_query())


def downgrade() -> None:
    op.drop_index(op.f("ix_notification_lines_notification_id"), table_name="notification_lines")
    op.drop_table("notification_lines")
    op.drop_table("reminder_days")
    op.drop_index(op.f("ix_notifications_region"), table_name="notifications")
    op.drop_index(op.f("ix_notifications_day"), table_name="notifications")
    op.drop_table("notifications")
    _run(_QUEUE.build_uninstall_query())
