"""`python -m deploy.local.preparing`: migrate the databases of all services, one after another.

One process for all of them: importing what a migration needs costs more than the migration. What
to do comes on standard input as JSON, for it has passwords: `{"databases": {"rating": "postgresql://…"},
"clock": "2023-09-01T00:00:00+03:00"}`; a clock of null is the real one.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from datetime import datetime

from shared import migrations, simulation


async def prepare(databases: Mapping[str, str], clock: datetime | None) -> None:
    """Bring each database to its heads, and give it a simulated clock where one is wanted."""
    for service, dsn in databases.items():
        print(f"Миграция {service}", flush=True)  # noqa: T201 - shown where it fails
        await migrations.upgrade(service, dsn)
        if clock is not None:
            await simulation.establish(dsn, clock)


def main() -> None:
    """The command line."""
    given = json.load(sys.stdin)
    clock = datetime.fromisoformat(given["clock"]) if given["clock"] else None
    asyncio.run(prepare(given["databases"], clock))


if __name__ == "__main__":
    main()
