"""One database and one role per service, on one server; nobody enters another's."""

from collections.abc import Mapping

import asyncpg


async def ensure(dsn: str, passwords: Mapping[str, str]) -> None:
    """Create what is missing, as superuser; `passwords` are those of the services by name."""
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
            if name not in databases:
                await connection.execute(f'create database "{name}" owner "{name}"')
            await connection.execute(f'revoke all on database "{name}" from public')
    finally:
        await connection.close()
