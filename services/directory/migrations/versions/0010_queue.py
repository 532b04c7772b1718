"""PgQueuer's own tables: imports and posts are jobs."""

from alembic import op
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from sqlalchemy.util import await_only

from shared.queue import names

revision = "0010"
down_revision = "0004"
branch_labels = None
depends_on = None


_QUEUE = QueryBuilderEnvironment(names())


def _run(script: str) -> None:
    """Several statements at once: for the driver, as PgQueuer's own installer does."""
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    await_only(driver.execute(script))


def upgrade() -> None:
    _run(_QUEUE.build_install_query())


def downgrade() -> None:
    _run(_QUEUE.build_uninstall_query())
