"""Names of regions and clusters: documents and pictures say them."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

TABLES = ("known_regions", "known_clusters")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(
            table, sa.Column("name", sa.String(), server_default=sa.text("''"), nullable=False)
        )
        # Names were passed over until now: hear of everything again.
        op.execute(sa.update(sa.table(table, sa.column("version"))).values(version=0))
    op.execute(
        "delete from consumer_positions where topic in ('directory.regions', 'directory.clusters')"
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_column(table, "name")
