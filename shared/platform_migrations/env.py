"""Alembic's environment for the platform tables every service's database has."""

from shared.migrations import run_environment
from shared.tables import Base

run_environment(Base.metadata)
