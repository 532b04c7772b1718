"""The link of acknowledgement stands in the e-mail alone; what was kept with one is not shown.

Files were shown to all who may read a letter, and so was the link in them: whoever has seen one
could acknowledge for the head. Letters not acknowledged yet get another link, which a resend says.
"""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    shown = connection.execute(
        sa.text(
            "select l.id from slice_letters l"
            " join letter_files f on f.letter_id = l.id and f.turn = l.addressed_turn"
            " where l.acknowledged_at is null"
        )
    )
    for letter_id in shown.scalars().all():
        connection.execute(
            sa.text("update slice_letters set token = :token where id = :id"),
            {"token": secrets.token_urlsafe(32), "id": letter_id},
        )
    op.execute(
        "delete from letter_files f using slice_letters l"
        " where f.letter_id = l.id and f.turn = l.addressed_turn and l.sent_at is null"
    )
    # What was sent is a document and stays, as that of another turn: nobody is shown those.
    op.execute(
        "update slice_letters l set turn = l.turn + 1, addressed_turn = l.turn + 1"
        " from letter_files f where f.letter_id = l.id and f.turn = l.addressed_turn"
    )


def downgrade() -> None:
    """What was shown stays void: there is nothing to bring back."""
