"""Industries of clusters as they were: an extract of a sealed protocol says whom it was for."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "cluster_versions",
        sa.Column("industry", sa.String(), server_default=sa.text("''"), nullable=False),
    )
    # They were passed over until now: every version is heard of again, and written over.
    op.execute("delete from consumer_positions where topic = 'directory.clusters'")


def downgrade() -> None:
    op.drop_column("cluster_versions", "industry")
