"""Methodologies as documents, and months frozen."""

from datetime import UTC, date, datetime
from uuid import UUID

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# The same in every installation: it is the source's own.
_RERU_1 = UUID("01890000-0000-7000-8000-000000000001")


def upgrade() -> None:
    op.create_table(
        "methodologies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("effective_to", sa.Date(), nullable=True),
        sa.Column("numbers", postgresql.JSONB(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_methodologies")),
        sa.UniqueConstraint("code", "number", name=op.f("uq_methodologies_code_number")),
    )
    op.create_index(
        "uq_methodologies_active",
        "methodologies",
        ["stage"],
        unique=True,
        postgresql_where=sa.text("stage = 'active'"),
    )
    op.create_table(
        "methodology_acts",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("methodology_id", sa.Uuid(), nullable=False),
        sa.Column("act", sa.String(length=32), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["methodology_id"],
            ["methodologies.id"],
            name=op.f("fk_methodology_acts_methodology_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_methodology_acts")),
    )
    op.create_index(
        op.f("ix_methodology_acts_methodology_id"), "methodology_acts", ["methodology_id"]
    )
    op.create_table(
        "slices",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("revised_by", sa.String(), nullable=True),
        sa.Column("cut_off", sa.DateTime(timezone=True), nullable=False),
        sa.Column("methodology_id", sa.Uuid(), nullable=True),
        sa.Column("methodology", sa.String(), nullable=True),
        sa.Column("methodology_version", sa.Integer(), nullable=True),
        sa.Column("mu_bp", sa.Integer(), nullable=True),
        sa.Column("national_raw_bp", sa.Integer(), nullable=True),
        sa.Column("complete_through", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inputs_hash", sa.String(), nullable=True),
        sa.Column("result_hash", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["methodology_id"], ["methodologies.id"], name=op.f("fk_slices_methodology_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slices")),
        sa.UniqueConstraint("period", "revision", name=op.f("uq_slices_period_revision")),
    )
    op.create_table(
        "slice_rows",
        sa.Column("slice_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("short_name", sa.String(), nullable=False),
        sa.Column("federal_district", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("numerator", sa.BigInteger(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("executions", sa.Integer(), nullable=False),
        sa.Column("on_time", sa.Integer(), nullable=False),
        sa.Column("debts", sa.Integer(), nullable=False),
        sa.Column("provisional", sa.Integer(), nullable=False),
        sa.Column("delay", sa.Integer(), nullable=False),
        sa.Column("returns", sa.Integer(), nullable=False),
        sa.Column("extensions", sa.Integer(), nullable=False),
        sa.Column("raw_bp", sa.Integer(), nullable=True),
        sa.Column("stabilised_bp", sa.Integer(), nullable=True),
        sa.Column("zone", sa.String(length=32), nullable=True),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("change_bp", sa.Integer(), nullable=True),
        sa.Column("place_before", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["slice_id"], ["slices.id"], name=op.f("fk_slice_rows_slice_id")),
        sa.PrimaryKeyConstraint("slice_id", "region", name=op.f("pk_slice_rows")),
    )
    op.create_table(
        "slice_corrections",
        sa.Column("slice_id", sa.Uuid(), nullable=False),
        sa.Column("execution_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["slice_id"], ["slices.id"], name=op.f("fk_slice_corrections_slice_id")
        ),
        sa.PrimaryKeyConstraint("slice_id", "execution_id", name=op.f("pk_slice_corrections")),
    )
    # What is frozen stays: whoever holds a connection can tell it on, and change nothing.
    op.execute(
        """
        create function refuse_change_of_slice() returns trigger language plpgsql as $$
        begin
            raise exception 'a frozen slice never changes' using errcode = 'SL001';
        end $$
        """
    )
    for table in ("slice_rows", "slice_corrections"):
        op.execute(
            f"create trigger {table}_never_change before update or delete on {table}"
            " for each row execute function refuse_change_of_slice()"
        )
    op.execute(
        """
        create trigger slices_never_change before update on slices for each row
        when (
            old.status <> 'draft' and (
                new.period, new.revision, new.reason, new.cut_off, new.methodology_id,
                new.mu_bp, new.national_raw_bp, new.complete_through, new.inputs_hash,
                new.result_hash, new.frozen_at
            ) is distinct from (
                old.period, old.revision, old.reason, old.cut_off, old.methodology_id,
                old.mu_bp, old.national_raw_bp, old.complete_through, old.inputs_hash,
                old.result_hash, old.frozen_at
            )
        ) execute function refuse_change_of_slice()
        """
    )
    op.execute(
        "create trigger slices_never_go before delete on slices for each row"
        " when (old.status <> 'draft') execute function refuse_change_of_slice()"
    )
    methodologies = sa.table(
        "methodologies",
        sa.column("id", sa.Uuid()),
        sa.column("code", sa.String()),
        sa.column("number", sa.Integer()),
        sa.column("stage", sa.String()),
        sa.column("title", sa.String()),
        sa.column("effective_from", sa.Date()),
        sa.column("numbers", postgresql.JSONB()),
        sa.column("created_by", sa.String()),
        sa.column("created_at", sa.DateTime(timezone=True)),
        sa.column("activated_at", sa.DateTime(timezone=True)),
        sa.column("version", sa.Integer()),
    )
    adopted = datetime(2023, 10, 1, tzinfo=UTC)
    op.bulk_insert(
        methodologies,
        [
            {
                "id": _RERU_1,
                "code": "РЭРУ-1",
                "number": 1,
                "stage": "active",
                "title": "Рейтинг эффективности регионального управления",
                "effective_from": date(2023, 10, 1),
                "numbers": {
                    "grace_days": 3,
                    "late_first": 6000,
                    "late_step": 400,
                    "late_floor": 1000,
                    "return_step": 1000,
                    "return_floor": 7000,
                    "free_extensions": 1,
                    "extension_step": 500,
                    "extension_floor": 8500,
                    "kappa": 3,
                    "initial_mu": 8000,
                    "green_from": 9000,
                    "yellow_from": 7500,
                    "least_for_place": 3,
                },
                "created_by": "system",
                "created_at": adopted,
                "activated_at": adopted,
                "version": 1,
            }
        ],
    )


def downgrade() -> None:
    op.drop_table("slice_corrections")
    op.drop_table("slice_rows")
    op.drop_table("slices")
    op.execute("drop function refuse_change_of_slice()")
    op.drop_index(op.f("ix_methodology_acts_methodology_id"), table_name="methodology_acts")
    op.drop_table("methodology_acts")
    op.drop_index("uq_methodologies_active", table_name="methodologies")
    op.drop_table("methodologies")
