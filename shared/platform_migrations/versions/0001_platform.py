"""Outbox with its fence, consumer positions, dead letters, idempotency keys, simulated clock."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)

# The fence makes checkpoints honest. A writer takes a shared lock named by the second it writes
# at, *then* reads the fence. The relay raises the fence, *then* waits until nobody holds a lock
# named by that second or an earlier one. Whatever the interleaving, either the writer sees the
# new fence and is refused, or the relay sees the writer and waits for it.
# A transaction may be admitted early, with the instant it will write at (`outbox_admit`); its
# later inserts are then not checked again. 20769 is the lock class; seconds count from 2020.
ADMIT = """
create function outbox_admit(at timestamptz) returns void language plpgsql volatile as $$
declare
    fence timestamptz;
    admitted text := current_setting('outbox.admitted', true);
begin
    if admitted <> '' and admitted::timestamptz <= at then
        return;
    end if;
    perform pg_advisory_xact_lock_shared(20769, floor(extract(epoch from at) - 1577836800)::int);
    select through into fence from outbox_fence;
    if at <= fence then
        raise exception 'an event dated % is not after the fence %', at, fence
            using errcode = 'OB001';
    end if;
    perform set_config('outbox.admitted', at::text, true);
end $$
"""
ADMIT_INSERTED = """
create function outbox_admit_inserted() returns trigger language plpgsql volatile as $$
begin
    perform outbox_admit(min(occurred_at)) from inserted having count(*) > 0;
    return null;
end $$
"""
TRIGGER = """
create trigger outbox_admit after insert on outbox
    referencing new table as inserted
    for each statement execute function outbox_admit_inserted()
"""


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("position", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("occurred_at", INSTANT, nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("published_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("position", name="pk_outbox"),
        sa.UniqueConstraint("id", name="uq_outbox_id"),
        sa.UniqueConstraint("topic", "partition", "seq", name="uq_outbox_topic_partition_seq"),
    )
    op.create_index("ix_outbox_topic_key_position", "outbox", ["topic", "key", "position"])
    op.create_index(
        "ix_outbox_unsequenced", "outbox", ["position"], postgresql_where=sa.text("seq is null")
    )
    op.create_index(
        "ix_outbox_unpublished",
        "outbox",
        ["topic", "partition", "seq"],
        postgresql_where=sa.text("published_at is null and seq is not null"),
    )
    op.create_table(
        "outbox_streams",
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("announced_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", name="pk_outbox_streams"),
    )
    op.create_table(
        "outbox_fence",
        sa.Column("one", sa.Boolean(), nullable=False),
        sa.Column("through", INSTANT, nullable=True),
        sa.Column("announced", INSTANT, nullable=True),
        sa.CheckConstraint("one", name=op.f("ck_outbox_fence_one_row")),
        sa.PrimaryKeyConstraint("one", name="pk_outbox_fence"),
    )
    op.execute("insert into outbox_fence (one) values (true)")
    op.create_table(
        "consumer_positions",
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("through", INSTANT, nullable=True),
        sa.Column("broker_offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", name="pk_consumer_positions"),
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("envelope", postgresql.JSONB(), nullable=False),
        sa.Column("received_at", INSTANT, nullable=False),
        sa.Column("forwarded_at", INSTANT, nullable=True),
        sa.Column("replayed_at", INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_dead_letters"),
    )
    op.create_table(
        "simulated_clock",
        sa.Column("one", sa.Boolean(), nullable=False),
        sa.Column("instant", INSTANT, nullable=False),
        sa.Column("set_at", INSTANT, nullable=False),
        sa.Column("running", sa.Boolean(), nullable=False),
        sa.CheckConstraint("one", name=op.f("ck_simulated_clock_one_row")),
        sa.PrimaryKeyConstraint("one", name="pk_simulated_clock"),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("body_hash", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("actor", "operation", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
    op.execute(ADMIT)
    op.execute(ADMIT_INSERTED)
    op.execute(TRIGGER)


def downgrade() -> None:
    for table in (
        "idempotency_keys",
        "simulated_clock",
        "dead_letters",
        "consumer_positions",
        "outbox_fence",
        "outbox_streams",
        "outbox",
    ):
        op.drop_table(table)
    op.execute("drop function outbox_admit_inserted")
    op.execute("drop function outbox_admit")
