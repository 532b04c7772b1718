"""Every history goes up, matches the models, goes down to nothing and up again."""

from pathlib import Path

import asyncpg
import pytest

from deploy.local import postgres as local_postgres
from shared import migrations


@pytest.mark.parametrize("service", migrations.SERVICES)
async def test_migrations_go_up_match_the_models_go_down_and_up_again(
    server: local_postgres.Server, service: str
) -> None:
    connection = await asyncpg.connect(server.dsn)
    await connection.execute(f"create database stairway_{service}")
    dsn = server.dsn.rsplit("/", 1)[0] + f"/stairway_{service}"

    await migrations.upgrade(service, dsn)
    await migrations.check(service, dsn)
    await migrations.downgrade(service, dsn)
    assert await _tables(dsn) == {"alembic_version", "platform_version"}
    await migrations.upgrade(service, dsn)
    await migrations.check(service, dsn)

    await connection.execute(f"drop database stairway_{service}")
    await connection.close()


def test_the_next_migration_has_a_number_nobody_had(tmp_path: Path) -> None:
    """Numbers have gaps: counting the files would come upon one that is taken."""
    assert migrations.next_number(tmp_path) == "0001"

    for name in ("0001_first.py", "0003_third.py", "0042_later.py", "env.py"):
        (tmp_path / name).touch()
    assert migrations.next_number(tmp_path) == "0043"


async def _tables(dsn: str) -> set[str]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("select tablename from pg_tables where schemaname = 'public'")
    await connection.close()
    return {row["tablename"] for row in rows}
