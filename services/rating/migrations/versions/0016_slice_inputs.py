"""Which version of each execution's facts a month's first slice is made of."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "slice_inputs",
        sa.Column("slice_id", sa.Uuid(), nullable=False),
        sa.Column("execution_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["slice_id"], ["slices.id"], name=op.f("fk_slice_inputs_slice_id")),
        sa.PrimaryKeyConstraint("slice_id", "execution_id", name=op.f("pk_slice_inputs")),
    )
    # Of slices frozen before: what a replay of them would read today.
    op.execute(
        """
        insert into slice_inputs (slice_id, execution_id, version)
        select s.id, f.execution_id, f.version
        from slices s
        cross join lateral (
            select cast(s.period || '-01' as date) as first,
                cast(cast(s.period || '-01' as date) + interval '1 month' as date) as after
        ) p
        join slice_rows r on r.slice_id = s.id
        cross join lateral (
            select distinct on (v.execution_id) v.* from execution_versions v
            where v.region = r.region
                and v.occurred_at <= cast(p.after as timestamp) at time zone r.timezone
            order by v.execution_id, v.version desc
        ) f
        where s.revision = 0 and s.status <> 'draft' and f.due < p.after
            and (f.due >= p.first or f.done is null or f.done >= p.first)
        """
    )
    op.execute(
        "create trigger slice_inputs_never_change before update or delete on slice_inputs"
        " for each row execute function refuse_change_of_slice()"
    )


def downgrade() -> None:
    op.drop_table("slice_inputs")
