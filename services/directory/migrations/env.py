"""Alembic's environment for the directory service's own tables."""

from services.directory.models import Base
from shared.migrations import run_environment

run_environment(Base.metadata)
