"""Names of clusters: documents and pictures say them."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "known_clusters",
        sa.Column("name", sa.String(), server_default=sa.text("''"), nullable=False),
    )
    # Names were passed over until now: hear of everything again.
    op.execute("update known_clusters set version = 0")
    op.execute("delete from consumer_positions where topic = 'directory.clusters'")


def downgrade() -> None:
    op.drop_column("known_clusters", "name")
