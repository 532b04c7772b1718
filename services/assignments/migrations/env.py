"""Alembic's environment for the assignments service's own tables."""

from services.assignments.models import Base
from shared.migrations import run_environment

run_environment(Base.metadata)
