"""Meetings with agendas, protocols with items and numbers, the copy of the directory."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)
CODE = sa.String(32)

# PI001 is this service's own SQLSTATE: an approved protocol was to be changed.
PROTECT_PROTOCOL = """
create function protect_approved_protocol() returns trigger language plpgsql as $$
begin
    if old.status = 'approved' then
        raise exception 'protocol % is approved and immutable', old.id using errcode = 'PI001';
    end if;
    if tg_op = 'DELETE' then
        return old;
    end if;
    return new;
end $$
"""
# Locking the protocol makes a change of its items wait for an approval under way, and see it.
PROTECT_ITEMS = """
create function protect_approved_items() returns trigger language plpgsql as $$
declare
    concerned uuid[];
    found record;
begin
    concerned := case tg_op
        when 'INSERT' then array[new.protocol_id]
        when 'DELETE' then array[old.protocol_id]
        else array[old.protocol_id, new.protocol_id]
    end;
    for found in
        select id, status from protocols where id = any (concerned) order by id for share
    loop
        if found.status = 'approved' then
            raise exception 'protocol % is approved, its items are immutable', found.id
                using errcode = 'PI001';
        end if;
    end loop;
    if tg_op = 'DELETE' then
        return old;
    end if;
    return new;
end $$
"""
TRIGGER_ON_PROTOCOLS = """
create trigger protect_approved_protocol before update or delete on protocols
    for each row execute function protect_approved_protocol()
"""
TRIGGER_ON_ITEMS = """
create trigger protect_approved_items before insert or update or delete on protocol_items
    for each row execute function protect_approved_items()
"""


def upgrade() -> None:
    op.create_table(
        "meetings",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("series", CODE, nullable=False),
        sa.Column("starts_at", INSTANT, nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("place", sa.String(), nullable=True),
        sa.Column("status", CODE, nullable=False),
        sa.Column("held_at", INSTANT, nullable=True),
        sa.Column("cancelled_at", INSTANT, nullable=True),
        sa.Column("cancel_reason", sa.String(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_meetings"),
    )
    op.create_index("ix_meetings_starts_at_id", "meetings", ["starts_at", "id"])
    op.create_table(
        "agenda_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("presenter", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["meeting_id"], ["meetings.id"], name="fk_agenda_items_meeting_id"),
        sa.PrimaryKeyConstraint("id", name="pk_agenda_items"),
        sa.UniqueConstraint("meeting_id", "position", name="uq_agenda_items_meeting_id_position"),
    )
    op.create_table(
        "protocols",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("meeting_id", sa.Uuid(), nullable=False),
        sa.Column("status", CODE, nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("signed_on", sa.Date(), nullable=True),
        sa.Column("approved_at", INSTANT, nullable=True),
        sa.Column("content_hash", sa.String(), nullable=True),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(number, year, signed_on, approved_at, content_hash)"
            " = case status when 'approved' then 5 else 0 end",
            name=op.f("ck_protocols_sealed"),
        ),
        sa.ForeignKeyConstraint(["meeting_id"], ["meetings.id"], name="fk_protocols_meeting_id"),
        sa.PrimaryKeyConstraint("id", name="pk_protocols"),
        sa.UniqueConstraint("meeting_id", name="uq_protocols_meeting_id"),
        sa.UniqueConstraint("year", "number", name="uq_protocols_year_number"),
    )
    op.create_table(
        "protocol_items",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("protocol_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("priority", CODE, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("addressees", postgresql.JSONB(), nullable=False),
        sa.Column("agenda_item_id", sa.Uuid(), nullable=True),
        sa.Column("closes_on", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["agenda_item_id"], ["agenda_items.id"], name="fk_protocol_items_agenda_item_id"
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"], ["protocols.id"], name="fk_protocol_items_protocol_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_protocol_items"),
        sa.UniqueConstraint(
            "protocol_id",
            "position",
            deferrable=True,
            name="uq_protocol_items_protocol_id_position",
        ),
    )
    op.create_table(
        "protocol_numbers",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name="pk_protocol_numbers"),
    )
    op.create_table(
        "known_regions",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_known_regions"),
    )
    op.create_table(
        "known_clusters",
        sa.Column("cluster_id", sa.Uuid(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("industry", sa.String(), nullable=False),
        sa.Column("cohort", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("cluster_id", name="pk_known_clusters"),
    )
    op.execute(PROTECT_PROTOCOL)
    op.execute(PROTECT_ITEMS)
    op.execute(TRIGGER_ON_PROTOCOLS)
    op.execute(TRIGGER_ON_ITEMS)


def downgrade() -> None:
    for table in (
        "known_clusters",
        "known_regions",
        "protocol_numbers",
        "protocol_items",
        "protocols",
        "agenda_items",
        "meetings",
    ):
        op.drop_table(table)
    op.execute("drop function protect_approved_items")
    op.execute("drop function protect_approved_protocol")
