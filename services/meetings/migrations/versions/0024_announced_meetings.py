"""Since when calendars know of a meeting; empty for what was never more than a draft."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column(
        "meetings", "announced_at", existing_type=sa.DateTime(timezone=True), nullable=True
    )
    # Of those cancelled already nobody can say any more whether they had been announced.
    op.execute("update meetings set announced_at = null where status = 'draft'")


def downgrade() -> None:
    op.execute(
        "update meetings set announced_at = coalesce(cancelled_at, created_at)"
        " where announced_at is null"
    )
    op.alter_column(
        "meetings", "announced_at", existing_type=sa.DateTime(timezone=True), nullable=False
    )
