"""Which event a position stands at: a producer restored from a backup numbers others the same."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consumer_positions", sa.Column("event_id", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("consumer_positions", "event_id")
