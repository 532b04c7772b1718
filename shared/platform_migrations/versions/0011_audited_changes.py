"""What a command changed: before and after, in its row of the audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("audit_log", sa.Column("changes", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("audit_log", "changes")
