"""What a notification of delivery says of a letter."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "slice_letters", sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("slice_letters", sa.Column("delivery_note", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("slice_letters", "delivery_note")
    op.drop_column("slice_letters", "delivered_at")
