"""The register: words to search by, orders to page in, saved orders."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("filter", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sort", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
        sa.UniqueConstraint("actor", "name", name=op.f("uq_saved_views_actor_name")),
    )
    op.create_index("ix_executions_occurred_at_id", "executions", ["occurred_at", "id"])
    op.create_index("ix_executions_priority", "executions", [sa.text("weight desc"), "due", "id"])
    # `repository.register` searches by these very expressions.
    op.execute(
        "create index ix_assignments_words on assignments using gin"
        " (to_tsvector('russian', translate(number || ' ' || text, 'ёЁ«»„“”’–—№…', 'еЕ          ')))"
    )
    op.execute(
        "create index ix_known_clusters_words on known_clusters using gin"
        " (to_tsvector('russian', translate(name, 'ёЁ«»„“”’–—№…', 'еЕ          ')))"
    )


def downgrade() -> None:
    op.execute("drop index ix_known_clusters_words")
    op.execute("drop index ix_assignments_words")
    op.drop_index("ix_executions_priority", table_name="executions")
    op.drop_index("ix_executions_occurred_at_id", table_name="executions")
    op.drop_table("saved_views")
