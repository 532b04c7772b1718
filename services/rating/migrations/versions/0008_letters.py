"""Letters of slices and their files."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "slice_letters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("slice_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("addressee", sa.String(), nullable=True),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["slice_id"], ["slices.id"], name=op.f("fk_slice_letters_slice_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slice_letters")),
        sa.UniqueConstraint("slice_id", "region", name=op.f("uq_slice_letters_slice_id_region")),
        sa.UniqueConstraint("token", name=op.f("uq_slice_letters_token")),
    )
    op.create_table(
        "letter_files",
        sa.Column("letter_id", sa.Uuid(), nullable=False),
        sa.Column("pdf", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["letter_id"], ["slice_letters.id"], name=op.f("fk_letter_files_letter_id")
        ),
        sa.PrimaryKeyConstraint("letter_id", name=op.f("pk_letter_files")),
    )


def downgrade() -> None:
    op.drop_table("letter_files")
    op.drop_table("slice_letters")
