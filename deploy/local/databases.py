"""One database per service on one server, and two roles to each: who owns it, and who runs it.

The owner migrates. The role of the running processes reads and writes rows, has no tables of its
own but temporary ones, and can only add to the audit trail. Nobody enters another's database.
"""

from collections.abc import Mapping
from typing import Final

import asyncpg

# Owned by whoever ran the processes, as it was before there were owners: handed over. Tables of
# the trail are left out: their own migration says who may do what with them.
_HAND_OVER: Final = """
reassign owned by "{name}" to "{owner}";
grant usage on schema public to "{name}";
alter default privileges for role "{owner}" in schema public
    grant select, insert, update, delete on tables to "{name}";
alter default privileges for role "{owner}" in schema public
    grant usage, select on sequences to "{name}";
grant usage, select on all sequences in schema public to "{name}";
do $$
declare
    found text;
begin
    for found in
        select tablename from pg_tables
        where schemaname = 'public' and tablename not in ('audit_log', 'audit_chain')
    loop
        execute format('grant select, insert, update, delete on public.%I to "{name}"', found);
    end loop;
end $$
"""


def owner_of(service: str) -> str:
    """The role that owns the service's database and migrates it."""
    return f"{service}_owner"


async def ensure(dsn: str, passwords: Mapping[str, str]) -> None:
    """Create what is missing, as superuser; `passwords` are those of roles by name.

    A service is a name whose owner is there too.
    """
    connection = await asyncpg.connect(dsn)
    try:
        roles = {row["rolname"] for row in await connection.fetch("select rolname from pg_roles")}
        databases = {
            row["datname"] for row in await connection.fetch("select datname from pg_database")
        }
        for name, password in passwords.items():
            verb = "alter" if name in roles else "create"
            literal = await connection.fetchval("select quote_literal($1::text)", password)
            await connection.execute(f'{verb} role "{name}" login password {literal}')
        services = [name for name in passwords if owner_of(name) in passwords]
        for name in services:
            owner = owner_of(name)
            if name not in databases:
                await connection.execute(f'create database "{name}" owner "{owner}"')
            await connection.execute(f'alter database "{name}" owner to "{owner}"')
            await connection.execute(f'revoke all on database "{name}" from public')
            await connection.execute(f'grant connect, temporary on database "{name}" to "{name}"')
    finally:
        await connection.close()
    for name in services:
        connection = await asyncpg.connect(dsn, database=name)
        try:
            await connection.execute(_HAND_OVER.format(name=name, owner=owner_of(name)))
        finally:
            await connection.close()
