"""The audit trail and its chain: tables that are added to, and never anything else."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INSTANT = sa.DateTime(timezone=True)

# The role that runs the service may read and add. Default privileges gave it more, so they are
# taken back here, from whoever has them: this file does not know that role's name.
REVOKE = """
do $$
declare
    other text;
begin
    for other in
        select distinct grantee from information_schema.role_table_grants
        where table_schema = current_schema() and table_name in ('audit_log', 'audit_chain')
          and grantee not in (current_user, 'PUBLIC')
    loop
        execute format('revoke all on audit_log, audit_chain from %I', other);
        execute format('grant select, insert on audit_log, audit_chain to %I', other);
    end loop;
end $$
"""
# And for the owner, who could not be refused by a privilege, this is a barrier against mistakes.
REFUSE = """
create function audit_refuse() returns trigger language plpgsql as $$
begin
    raise exception 'the audit trail is only ever added to'
        using errcode = 'insufficient_privilege';
end $$
"""
TRIGGER = """
create trigger audit_refuse before update or delete or truncate on {table}
    for each statement execute function audit_refuse()
"""
TABLES = ("audit_log", "audit_chain")


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("position", sa.BigInteger(), autoincrement=True, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column(
            "recorded_at", INSTANT, server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("roles", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=True),
        sa.Column("body_sha256", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("position", name="pk_audit_log"),
    )
    for column in ("actor", "at", "request_id"):
        op.create_index(f"ix_audit_log_{column}", "audit_log", [column])
    op.create_table(
        "audit_chain",
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["position"], ["audit_log.position"], name="fk_audit_chain_position"
        ),
        sa.PrimaryKeyConstraint("seq", name="pk_audit_chain"),
        sa.UniqueConstraint("position", name="uq_audit_chain_position"),
    )
    op.execute(REFUSE)
    for table in TABLES:
        op.execute(TRIGGER.format(table=table))
    op.execute(REVOKE)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.execute("drop function audit_refuse")
