"""Assignments' numbers and words, and the table that goes with a letter."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "assignments",
        sa.Column("assignment_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("assignment_id", name=op.f("pk_assignments")),
    )
    op.add_column("letter_files", sa.Column("xlsx", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("letter_files", "xlsx")
    op.drop_table("assignments")
