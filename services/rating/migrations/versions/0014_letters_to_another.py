"""A letter to another head has files of its own; those of the one before stay."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_KEY = "pk_letter_files"


def upgrade() -> None:
    op.add_column(
        "slice_letters",
        sa.Column("addressed_turn", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "letter_files",
        sa.Column("turn", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.drop_constraint(op.f(_KEY), "letter_files")
    op.create_primary_key(op.f(_KEY), "letter_files", ["letter_id", "turn"])


def downgrade() -> None:
    op.execute(
        "delete from letter_files f using slice_letters l"
        " where l.id = f.letter_id and f.turn <> l.addressed_turn"
    )
    op.drop_constraint(op.f(_KEY), "letter_files")
    op.create_primary_key(op.f(_KEY), "letter_files", ["letter_id"])
    op.drop_column("letter_files", "turn")
    op.drop_column("slice_letters", "addressed_turn")
