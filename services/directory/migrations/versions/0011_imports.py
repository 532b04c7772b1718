"""Imports of lists, and their rows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("columns", postgresql.JSONB(), nullable=False),
        sa.Column("ignored", postgresql.ARRAY(sa.TEXT()), nullable=False),
        *(
            sa.Column(f"rows_{name}", sa.Integer(), nullable=False)
            for name in (
                "read",
                "checked",
                "applied",
                "created",
                "changed",
                "unchanged",
                "refused",
            )
        ),
        sa.Column("conflict", sa.String(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_by", sa.String(), nullable=True),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_table(
        "import_rows",
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("cells", postgresql.JSONB(), nullable=False),
        sa.Column("stray", sa.String(), nullable=True),
        sa.Column("action", sa.String(length=32), nullable=True),
        sa.Column("target", sa.Uuid(), nullable=True),
        sa.Column("before", postgresql.JSONB(), nullable=True),
        sa.Column("after", postgresql.JSONB(), nullable=True),
        sa.Column("flaws", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_rows_import_id")
        ),
        sa.PrimaryKeyConstraint("import_id", "number", name=op.f("pk_import_rows")),
    )
    op.create_index(
        "ix_import_rows_refused",
        "import_rows",
        ["import_id", "number"],
        postgresql_where=sa.text("action = 'refused'"),
    )


def downgrade() -> None:
    op.drop_index("ix_import_rows_refused", table_name="import_rows")
    op.drop_table("import_rows")
    op.drop_table("imports")
