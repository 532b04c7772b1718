"""A series that cannot go on says why, and is let be for a while."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("recurrences", sa.Column("trouble", sa.String(), nullable=True))
    op.add_column(
        "recurrences", sa.Column("waits_until", sa.DateTime(timezone=True), nullable=True)
    )


def downgrade() -> None:
    op.drop_column("recurrences", "waits_until")
    op.drop_column("recurrences", "trouble")
