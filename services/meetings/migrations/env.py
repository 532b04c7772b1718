"""Alembic's environment for the meetings service's own tables."""

from services.meetings.models import Base
from shared.migrations import run_environment

run_environment(Base.metadata)
