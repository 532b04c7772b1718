"""Reviews with approvers and remarks, addenda, headings."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0020"
down_revision = "0013"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
CODE = sa.String(32)
TABLES = ("protocol_approvers", "protocol_decisions", "protocol_remarks")


def upgrade() -> None:
    op.add_column("protocols", sa.Column("corrects", sa.Uuid(), nullable=True))
    for name in ("addendum", "review_round"):
        op.add_column(
            "protocols",
            sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False),
        )
    op.add_column("protocols", sa.Column("remarks_until", INSTANT, nullable=True))
    op.add_column(
        "protocols",
        sa.Column("header", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
    )
    op.create_foreign_key("fk_protocols_corrects", "protocols", "protocols", ["corrects"], ["id"])
    op.create_index("ix_protocols_corrects", "protocols", ["corrects"])
    op.drop_constraint("uq_protocols_meeting_id", "protocols", type_="unique")
    op.create_index(
        "uq_protocols_meeting_id",
        "protocols",
        ["meeting_id"],
        unique=True,
        postgresql_where=sa.text("corrects is null"),
    )
    op.drop_constraint("uq_protocols_year_number", "protocols", type_="unique")
    op.create_unique_constraint(
        "uq_protocols_year_number_addendum", "protocols", ["year", "number", "addendum"]
    )
    op.create_check_constraint(
        op.f("ck_protocols_addendum"),
        "protocols",
        "(addendum > 0) = (corrects is not null and status = 'approved')",
    )
    op.add_column("protocol_items", sa.Column("supersedes", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        "fk_protocol_items_supersedes",
        "protocol_items",
        "protocol_items",
        ["supersedes"],
        ["id"],
    )
    op.create_unique_constraint("uq_protocol_items_supersedes", "protocol_items", ["supersedes"])
    op.create_table(
        "protocol_approvers",
        sa.Column("protocol_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("role", CODE, nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(role, subject) = 1", name=op.f("ck_protocol_approvers_one_way")
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocols.id"], name="fk_protocol_approvers_protocol_id"
        ),
        sa.PrimaryKeyConstraint("protocol_id", "position", name="pk_protocol_approvers"),
    )
    op.create_table(
        "protocol_decisions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("protocol_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=True),
        sa.Column("decision", CODE, nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocols.id"], name="fk_protocol_decisions_protocol_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_protocol_decisions"),
        sa.UniqueConstraint(
            "protocol_id",
            "round",
            "position",
            name="uq_protocol_decisions_protocol_id_round_position",
        ),
    )
    op.create_table(
        "protocol_remarks",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("protocol_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=True),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=True),
        sa.Column("made_at", INSTANT, nullable=False),
        sa.Column("decision", CODE, nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(decision, reason, decided_by, decided_at) in (0, 4)",
            name=op.f("ck_protocol_remarks_decided_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocols.id"], name="fk_protocol_remarks_protocol_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_protocol_remarks"),
    )
    op.create_index("ix_protocol_remarks_protocol_id", "protocol_remarks", ["protocol_id"])
    # Whoever approved, and why, is as lasting as what they approved.
    for table in TABLES:
        op.execute(
            f"create trigger protect_approved_items before insert or update or delete on {table}"
            " for each row execute function protect_approved_items()"
        )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    op.drop_constraint("uq_protocol_items_supersedes", "protocol_items", type_="unique")
    op.drop_constraint("fk_protocol_items_supersedes", "protocol_items", type_="foreignkey")
    op.drop_column("protocol_items", "supersedes")
    op.drop_constraint(op.f("ck_protocols_addendum"), "protocols", type_="check")
    op.drop_constraint("uq_protocols_year_number_addendum", "protocols", type_="unique")
    op.create_unique_constraint("uq_protocols_year_number", "protocols", ["year", "number"])
    op.drop_index("uq_protocols_meeting_id", "protocols")
    op.create_unique_constraint("uq_protocols_meeting_id", "protocols", ["meeting_id"])
    op.drop_index("ix_protocols_corrects", "protocols")
    op.drop_constraint("fk_protocols_corrects", "protocols", type_="foreignkey")
    for name in ("header", "remarks_until", "review_round", "addendum", "corrects"):
        op.drop_column("protocols", name)
