"""Alembic's environment for the rating service's own tables."""

from services.rating.models import Base
from shared.migrations import run_environment

run_environment(Base.metadata)
